"""The description of the API: it is one, it leaves nothing out, and the answers are as it says."""

import json
import re

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.qstash.api import TABLE
from emulator.qstash.openapi import document
from tests.qstash.contract import OPERATIONS, Furnished

DOCUMENT = document()
# They come before the router: their paths carry a destination.
RAW = {
    ("post", "/v2/publish/{destination}"),
    ("post", "/v2/enqueue/{queue}/{destination}"),
    ("post", "/v2/schedules/{destination}"),
}


def test_description__has_every_route_and_no_other() -> None:
    routes = {(method.lower(), path.replace(":path", "")) for method, path, _ in TABLE} | RAW
    described = {(method, path) for path, of_it in DOCUMENT["paths"].items() for method in of_it}
    assert described == routes


def test_description__has_references_that_lead_somewhere() -> None:
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))
    assert references == set(DOCUMENT["components"]["schemas"])


def test_description__has_schemas_that_are_schemas() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_operations__have_names_of_their_own() -> None:
    names = [one["operationId"] for of_it in DOCUMENT["paths"].values() for one in of_it.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("label", OPERATIONS)
def test_answers__are_as_described(label: str) -> None:
    cases = OPERATIONS[label].as_strategy()

    @settings(max_examples=4, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=cases, data=st.data())
    def hold(case: object, data: st.DataObject) -> None:
        Furnished().hold(case, data)

    hold()
