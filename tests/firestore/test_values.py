import math

import pytest

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.values import (
    Fields,
    Reference,
    Timestamp,
    Value,
    check_fields,
    equality_key,
    identical,
)

NAME = "projects/p/databases/d/documents/users/u1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (3, 3.0),
        (0.0, -0.0),
        (math.nan, -math.nan),
        ([1, {"a": 2}], [1.0, {"a": 2.0}]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_equality__equivalent_values_are_equal(one: Value, other: Value) -> None:
    assert equality_key(one) == equality_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        ("a", b"a"),
        (Timestamp(5), 5),
        (Reference("a"), "a"),
        ([1, 2], [2, 1]),
        ({}, []),
        (None, False),
        (2**53, 2**53 + 1),
    ],
)
def test_equality__different_values_are_not(one: Value, other: Value) -> None:
    assert equality_key(one) != equality_key(other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (3, 3.0, False),
        (1, True, False),
        (0.0, -0.0, False),
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
        ([1, [2]], [1, [2]], True),
        ([1], [1, 1], False),
        ({"a": [None]}, {"a": [None]}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": 1.0}, False),
        (Timestamp(5), Timestamp(5), True),
    ],
)
def test_identical__is_strict_about_types(one: Value, other: Value, same: bool) -> None:
    assert identical(one, other) is same


def test_check_fields__takes_a_document_just_below_the_limit() -> None:
    # 16 + 6 + 3 for the name, 32 for the document, 2 for the field name, 1 for the string's end.
    check_fields(NAME, {"a": "x" * (1_048_576 - 60)})


def test_check_fields__refuses_a_document_beyond_the_limit() -> None:
    with pytest.raises(
        InvalidArgumentError,
        match=rf"^Document '{NAME}' cannot be written because its size \(1,048,577 bytes\)"
        r" exceeds the maximum allowed size of 1,048,576 bytes\.$",
    ):
        check_fields(NAME, {"a": "x" * (1_048_576 - 59)})


def test_check_fields__counts_text_in_utf8_bytes() -> None:
    with pytest.raises(InvalidArgumentError, match=r"exceeds the maximum allowed size"):
        check_fields(NAME, {"a": "é" * 600_000})


def nested(levels: int) -> Fields:
    fields: Fields = {}
    for _ in range(levels):
        fields = {"a": fields}
    return fields


def test_check_fields__takes_twenty_levels() -> None:
    check_fields(NAME, nested(20))


def test_check_fields__refuses_twenty_one_levels() -> None:
    with pytest.raises(
        InvalidArgumentError, match=r"^Maps and arrays are nested deeper than 20 levels\.$"
    ):
        check_fields(NAME, nested(21))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", r"^Field name has 0 bytes; 1 to 1,500 are allowed\.$"),
        ("x" * 1501, r"^Field name has 1,501 bytes; 1 to 1,500 are allowed\.$"),
        ("__id__", r'^Field name "__id__" is invalid because it is reserved\.$'),
    ],
)
def test_check_fields__refuses_a_field_name(name: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        check_fields(NAME, {"map": {name: 1}})
