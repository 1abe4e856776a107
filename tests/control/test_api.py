"""The surface: every route is described, wrong input is refused with the way out, web pages are not
served.
"""

import json
import re
import socket
from collections.abc import Iterator

import httpx
import jsonschema
import pytest
from starlette.routing import Route

from emulator.control.api import DOCUMENT, MAX_BODY_BYTES, OPENAPI_PATH, OPERATIONS, app
from tests.control.support import Api, Bot, serving_for


@pytest.fixture(scope="module")
def shared() -> Iterator[Api]:
    """For requests that change nothing."""
    with Bot() as bot, serving_for(bot) as api:
        yield api


def described() -> set[tuple[str, str]]:
    return {(method, path) for path, of_it in DOCUMENT["paths"].items() for method in of_it}


def test_every_route_is_described_and_every_description_is_a_route() -> None:
    routes = {
        (method.lower(), route.path)
        for route in app.routes
        if isinstance(route, Route) and route.path != OPENAPI_PATH
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert routes == described()
    assert len({one.id for one in OPERATIONS}) == len(OPERATIONS)


def test_description__is_served(shared: Api) -> None:
    answer = shared.client.get(OPENAPI_PATH)
    assert answer.json() == DOCUMENT
    assert answer.json()["openapi"].startswith("3.1")


def test_description__has_schemas_that_are_schemas_and_references_that_lead_somewhere() -> None:
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(DOCUMENT)))
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert references == known - {"#/components/schemas/Clock"} | references & known
    for operation in OPERATIONS:
        for schema in (operation.answer, operation.body or {}, *operation.query.values()):
            jsonschema.Draft202012Validator.check_schema(schema)
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_description__names_every_part_of_a_path() -> None:
    for operation in OPERATIONS:
        assert re.findall(r"{(\w+)}", operation.path) == list(operation.path_texts)
        assert operation.summary.endswith(".")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_default_of_every_body_fits_its_description(operation: object) -> None:
    body = next(one for one in OPERATIONS if one is operation).body
    for name, schema in (body or {"properties": {}})["properties"].items():
        if "default" in schema:
            assert jsonschema.Draft202012Validator(schema).is_valid(schema["default"]), name


@pytest.mark.parametrize(
    ("content", "status", "error"),
    [
        (b"{", 400, "the body is not JSON: "),
        (b"[" * 100_000, 400, "the body is nested too deeply"),
        (b'{"text": NaN}', 400, "the body is not JSON: NaN is no number"),
        (b"\xff", 400, "the body is not JSON: "),
        (b"[]", 422, "the body has to be an object, not an array"),
        (b'{"text": 5}', 422, "text has to be a text, not 5"),
        (b'{"text": ""}', 422, "text has to have 1 characters at least"),
        (b'{"text": "a", "texts": ["b"]}', 422, "give either text or texts"),
        (b'{"texts": ["a", 1]}', 422, "texts[1] has to be a text, not 1"),
        (b'{"text": "\\ud800"}', 422, "text holds half of a surrogate pair, which is no character"),
        (b'{"\\ud800": 1}', 422, "\ud800 is unknown"),
        (b'{"text": "a", "copies": 1e400}', 422, "copies has to be a whole number, not inf"),
        (b'{"text": "a", "copies": true}', 422, "copies has to be a whole number, not true"),
        (b'{"text": "a", "copies": 21}', 422, "copies may be 20 at most, not 21"),
        (b'{"text": "a", "sender": null}', 422, "sender has to be a text, not null"),
    ],
)
def test_wrong_body__is_refused_and_named(
    shared: Api, content: bytes, status: int, error: str
) -> None:
    kind = {"content-type": "application/json"}
    answer = shared.ask("POST", "/v1/messages", content=content, headers=kind)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(error)


def test_number_of_too_many_digits__is_refused(shared: Api) -> None:
    content = b'{"seconds": ' + b"9" * 5_000 + b"}"
    kind = {"content-type": "application/json"}
    answer = shared.ask("POST", "/v1/clock/advance", content=content, headers=kind)
    assert answer.status_code in (400, 422)


def test_body_that_is_too_large__is_refused(shared: Api) -> None:
    kind = {"content-type": "application/json"}
    content = b'{"text": "' + b"a" * MAX_BODY_BYTES + b'"}'
    answer = shared.ask("POST", "/v1/messages", content=content, headers=kind)
    assert answer.status_code == 413


def test_body_of_another_type__is_refused(shared: Api) -> None:
    answer = shared.ask("POST", "/v1/reset", content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 415
    assert answer.json()["error"] == (
        "the content-type is text/plain: send JSON with the header content-type: application/json"
    )


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("limit=0", "the parameter limit has to be 1 at least, not 0"),
        ("limit=x", 'the parameter limit has to be a whole number, not "x"'),
        ("limit=1&limit=2", "the parameter limit is given more than once"),
        ("limits=1", "the parameter 'limits' is unknown; did you mean \"limit\"?"),
        ("after=1e999", "the parameter after has to be a whole number, not inf"),
    ],
)
def test_wrong_parameter__is_refused_and_named(shared: Api, query: str, error: str) -> None:
    answer = shared.ask("GET", "/v1/journal", params=httpx.QueryParams(query))
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_unknown_path_and_method__are_refused_with_what_there_is(shared: Api) -> None:
    answer = shared.client.get("/v1/nothing")
    assert (answer.status_code, answer.json()) == (
        404,
        {"error": "there is no /v1/nothing: /openapi.json lists what there is"},
    )
    answer = shared.client.put("/v1/reset")
    assert answer.status_code == 405
    assert answer.json() == {"error": "/v1/reset takes POST, not PUT"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "localhost"}, 200),
        ({"host": "127.0.0.1:1"}, 200),
        ({"host": "[::1]:8099"}, 200),
        ({"host": "evil.example.com"}, 403),
        ({"host": "127.0.0.1.evil.example.com"}, 403),
        ({"host": "0x7f000001"}, 403),
        ({"host": "[::1"}, 403),
        ({"origin": "https://evil.example.com"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:3000"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "none"}, 200),
    ],
)
def test_web_pages__are_refused(shared: Api, headers: dict[str, str], status: int) -> None:
    answer = shared.ask("GET", "/v1/health", headers=headers)
    assert answer.status_code == status


def test_request_without_a_host__is_refused(shared: Api) -> None:
    with socket.create_connection(("127.0.0.1", shared.serving.ports["control"])) as connection:
        connection.sendall(b"POST /v1/reset HTTP/1.0\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 403 ")


def test_pages_own_preflight__is_refused(shared: Api) -> None:
    headers = {"origin": "https://evil.example.com", "access-control-request-method": "POST"}
    answer = shared.client.options("/v1/reset", headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_only_the_loopback_address_is_listened_on(shared: Api) -> None:
    assert shared.serving.door is not None
    assert shared.serving.door.address[0] == "127.0.0.1"
