"""Counts, sums and averages: over which documents, and of which type."""

from collections.abc import Callable
from typing import Any

import pytest

from emulator.firestore import Billed, Firestore

Ask = Callable[..., tuple[int, Any]]
COUNT: dict[str, Any] = {"count": {}}


def of(kind: str, path: str, **more: object) -> dict[str, Any]:
    return {kind: {"field": {"fieldPath": path}}, **more}


def asked(*aggregations: object) -> dict[str, Any]:
    query = {"from": [{"collectionId": "m"}]}
    return {"structuredAggregationQuery": {"structuredQuery": query, "aggregations": aggregations}}


def values(ask: Ask, *aggregations: object) -> dict[str, Any]:
    status, [row] = ask("POST", ":runAggregationQuery", asked(*aggregations))
    assert status == 200
    found: dict[str, Any] = row["result"]["aggregateFields"]
    return found


def test_aggregations__have_the_types_of_what_they_add(ask: Ask, firestore: Firestore) -> None:
    firestore.put("m/a", {"n": 1, "f": 0.5})
    firestore.put("m/b", {"n": 2, "f": 1})
    assert values(ask, COUNT, of("sum", "n"), of("sum", "f", alias="fs"), of("avg", "n")) == {
        "field_1": {"integerValue": "2"},
        "field_2": {"integerValue": "3"},
        "fs": {"doubleValue": 1.5},
        "field_4": {"doubleValue": 1.5},
    }


def test_nothing__adds_up_to_zero_and_has_no_average(ask: Ask) -> None:
    assert values(ask, COUNT, of("sum", "n"), of("avg", "n")) == {
        "field_1": {"integerValue": "0"},
        "field_2": {"integerValue": "0"},
        "field_3": {"nullValue": None},
    }


def test_what_is_no_number__counts_and_does_not_add(ask: Ask, firestore: Firestore) -> None:
    for name, value in {"a": 1, "b": "two", "c": None}.items():
        firestore.put(f"m/{name}", {"n": value})
    firestore.put("m/d", {})
    assert values(ask, COUNT, of("sum", "n"), of("avg", "n")) == {
        "field_1": {"integerValue": "3"},
        "field_2": {"integerValue": "1"},
        "field_3": {"doubleValue": 1},
    }


def test_count__ends_where_it_is_told_to(ask: Ask, firestore: Firestore) -> None:
    for number in range(5):
        firestore.put(f"m/{number}", {})
    assert values(ask, {"count": {"upTo": "3"}}) == {"field_1": {"integerValue": "3"}}


def test_sum__beyond_the_integers_is_a_double(ask: Ask, firestore: Firestore) -> None:
    firestore.put("m/a", {"n": 2**63 - 1})
    firestore.put("m/b", {"n": 1})
    assert values(ask, of("sum", "n")) == {"field_1": {"doubleValue": float(2**63)}}


@pytest.mark.parametrize(("documents", "reads"), [(0, 1), (1, 1), (1_000, 1), (1_001, 2)])
def test_price__is_a_read_for_every_thousand(
    ask: Ask, firestore: Firestore, documents: int, reads: int
) -> None:
    for number in range(documents):
        firestore.put(f"m/{number}", {})
    values(ask, COUNT)
    assert firestore.oplog.billed == Billed(reads=reads)


@pytest.mark.parametrize(
    ("aggregations", "message"),
    [
        (
            [],
            "Invalid value at 'structured_aggregation_query.aggregations': 1 to 5 are allowed,"
            " not 0.",
        ),
        (
            [{"alias": "x"}],
            "Invalid value at 'structured_aggregation_query.aggregations[0]': one kind of"
            " aggregation must be set, not none.",
        ),
        (
            [{"alias": "x", **COUNT}, {"alias": "x", **COUNT}],
            'The alias "x" is used more than once.',
        ),
        (
            [{"count": {"upTo": "0"}}],
            "Invalid value at 'structured_aggregation_query.aggregations[0].count.up_to'"
            ' (TYPE_INT64), "0"',
        ),
    ],
)
def test_nonsense__is_refused(ask: Ask, aggregations: list[object], message: str) -> None:
    status, [row] = ask("POST", ":runAggregationQuery", asked(*aggregations))
    assert (status, row["error"]["message"]) == (400, message)
