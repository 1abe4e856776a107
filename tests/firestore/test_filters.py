"""Conditions of all kinds, alone and joined; with values of all types."""

from typing import Any

import pytest

from emulator.firestore import Document, Fields
from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.filters import conditions_from_json, holds, inequality_paths

NAME = "projects/p/databases/(default)/documents/m/d"


def field(path: str) -> dict[str, str]:
    return {"fieldPath": path}


def number(value: int) -> dict[str, str]:
    return {"integerValue": str(value)}


def numbers(*values: int) -> dict[str, Any]:
    return {"arrayValue": {"values": [number(value) for value in values]}}


def where(path: str, op: str | int, value: dict[str, Any]) -> dict[str, Any]:
    return {"fieldFilter": {"field": field(path), "op": op, "value": value}}


def joined(op: str | int, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"compositeFilter": {"op": op, "filters": list(parts)}}


def satisfied(raw: dict[str, Any], fields: Fields) -> bool:
    document = Document(NAME, fields, 1, 1)
    return all(holds(one, document) for one in conditions_from_json(raw, "where"))


@pytest.mark.parametrize(
    ("raw", "yes", "no"),
    [
        (where("n", "NOT_EQUAL", number(1)), [2, "1", [1]], [1, 1.0, None]),
        (where("n", "NOT_IN", numbers(1, 2)), [3, "1", [1]], [1, 2.0, None]),
        (
            where("n", "NOT_IN", {"arrayValue": {"values": [{"nullValue": None}]}}),
            [],
            [1, None],
        ),
        (where("n", "ARRAY_CONTAINS_ANY", numbers(1, 2)), [[1], [3, 2.0]], [[3], 1, [], [[1]]]),
        (
            {"unaryFilter": {"op": "IS_NOT_NULL", "field": field("n")}},
            [0, "", float("nan")],
            [None],
        ),
        (
            {"unaryFilter": {"op": "IS_NOT_NAN", "field": field("n")}},
            [0, "nan"],
            [float("nan"), None],
        ),
        (joined("OR", where("n", "EQUAL", number(1)), where("n", "EQUAL", number(2))), [1, 2], [3]),
        (
            joined(
                "OR",
                joined(
                    "AND",
                    where("n", "GREATER_THAN", number(1)),
                    where("n", "LESS_THAN", number(4)),
                ),
                where("n", "EQUAL", number(9)),
            ),
            [2, 3, 9],
            [1, 4],
        ),
    ],
)
def test_condition__holds_for_some_values(
    raw: dict[str, Any], yes: list[Any], no: list[Any]
) -> None:
    assert [value for value in yes if not satisfied(raw, {"n": value})] == []
    assert [value for value in no if satisfied(raw, {"n": value})] == []
    assert not satisfied(raw, {})


def test_operators__may_be_given_by_their_numbers() -> None:
    assert satisfied(where("n", 5, number(1)), {"n": 1})
    assert satisfied(where("n", 10, numbers(1)), {"n": 2})
    assert satisfied({"unaryFilter": {"op": 3, "field": field("n")}}, {"n": None})
    either = joined(2, where("n", 5, number(1)), where("n", 3, number(5)))
    assert [satisfied(either, {"n": n}) for n in (1, 2, 6)] == [True, False, True]


def test_inequalities__are_found_in_all_alternatives() -> None:
    raw = joined(
        "OR",
        joined("AND", where("a", "NOT_EQUAL", number(1)), where("b", "EQUAL", number(1))),
        where("c", "LESS_THAN", number(1)),
    )
    assert inequality_paths(conditions_from_json(raw, "where")) == {("a",), ("c",)}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            joined("OR"),
            r"^Invalid value at 'w\.composite_filter': OR needs at least one filter\.$",
        ),
        (joined("XOR"), r"^Invalid value at 'w\.composite_filter\.op' \(OPERATOR\), \"XOR\"$"),
        (
            where("n", "NOT_IN", numbers(*range(11))),
            r"^'NOT_IN' requires an ArrayValue with 1 to 10 values\.$",
        ),
        (
            where("n", "SOUNDS_LIKE", number(1)),
            r"^Invalid value at 'w\.field_filter\.op' \(OPERATOR\), \"SOUNDS_LIKE\"$",
        ),
        (
            {"unaryFilter": {"op": 1, "field": field("n")}},
            r"^Invalid value at 'w\.unary_filter\.op' \(OPERATOR\), 1$",
        ),
        (
            where("__name__", "EQUAL", {"stringValue": "d"}),
            r"^Invalid value at 'w\.field_filter\.value': __name__ is compared with references on",
        ),
    ],
)
def test_nonsense__is_refused(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        conditions_from_json(raw, "w")
