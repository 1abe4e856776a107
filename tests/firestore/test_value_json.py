import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.moments import MAX_US, MIN_US
from emulator.firestore.value_json import value_from_json, value_to_json
from emulator.firestore.values import GeoPoint, Reference, Timestamp, Value, identical

REFERENCE = "projects/p/databases/(default)/documents/users/u1"


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (None, {"nullValue": None}),
        (True, {"booleanValue": True}),
        (3, {"integerValue": "3"}),
        (-(2**63), {"integerValue": "-9223372036854775808"}),
        (1.5, {"doubleValue": 1.5}),
        (3.0, {"doubleValue": 3}),
        (math.nan, {"doubleValue": "NaN"}),
        (math.inf, {"doubleValue": "Infinity"}),
        (-math.inf, {"doubleValue": "-Infinity"}),
        (Timestamp(1_500_000), {"timestampValue": "1970-01-01T00:00:01.500000Z"}),
        ("héllo", {"stringValue": "héllo"}),
        (b"\xff\xfe", {"bytesValue": "//4="}),
        (Reference(REFERENCE), {"referenceValue": REFERENCE}),
        (GeoPoint(1.5, -2.0), {"geoPointValue": {"latitude": 1.5, "longitude": -2}}),
        (GeoPoint(0.0, 0.0), {"geoPointValue": {}}),
        ([1, "a"], {"arrayValue": {"values": [{"integerValue": "1"}, {"stringValue": "a"}]}}),
        ([], {"arrayValue": {}}),
        ({"a": False}, {"mapValue": {"fields": {"a": {"booleanValue": False}}}}),
        ({}, {"mapValue": {}}),
    ],
)
def test_value__has_one_json_form(value: Value, shape: object) -> None:
    assert value_to_json(value) == shape
    assert identical(value_from_json(shape, "v") if value != 3.0 else value, value)


def test_value__whole_double_comes_back_as_a_double() -> None:
    assert identical(value_from_json({"doubleValue": 3}, "v"), 3.0)


def test_value__minus_zero_keeps_its_sign() -> None:
    assert identical(value_from_json(value_to_json(-0.0), "v"), -0.0)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        ({"integerValue": 3}, 3),
        ({"integerValue": 3.0}, 3),
        ({"integer_value": "3"}, 3),
        ({"nullValue": "NULL_VALUE"}, None),
        ({"doubleValue": "-1.5e3"}, -1500.0),
        ({"bytesValue": "__4"}, b"\xff\xfe"),
        ({"arrayValue": {"values": None}}, []),
        ({"stringValue": "a", "integerValue": None}, "a"),
        ({"timestampValue": "1970-01-01T01:00:00+01:00"}, Timestamp(0)),
        ({"timestampValue": "1970-01-01T00:00:00.000001999Z"}, Timestamp(1)),
    ],
)
def test_value__accepts_other_spellings(shape: object, value: Value) -> None:
    assert identical(value_from_json(shape, "v"), value)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"integerValue": "abc"}, r"Invalid value at 'v\.integerValue' \(TYPE_INT64\), \"abc\""),
        (
            {"integerValue": "9223372036854775808"},
            r"Invalid value at 'v\.integerValue' \(TYPE_INT64\), \"9223372036854775808\"",
        ),
        ({"integerValue": 1.5}, r"Invalid value at 'v\.integerValue' \(TYPE_INT64\), 1\.5"),
        ({"integerValue": True}, r"Invalid value at 'v\.integerValue' \(TYPE_INT64\), true"),
        ({"doubleValue": "inf"}, r"Invalid value at 'v\.doubleValue' \(TYPE_DOUBLE\), \"inf\""),
        ({"doubleValue": math.inf}, r"Invalid value at 'v\.doubleValue' \(TYPE_DOUBLE\), Infinity"),
        (
            {"doubleValue": 10**400},
            r"Invalid value at 'v\.doubleValue' \(TYPE_DOUBLE\), 10{199}\.\.\.",
        ),
        ({"doubleValue": True}, r"Invalid value at 'v\.doubleValue' \(TYPE_DOUBLE\), true"),
        ({"booleanValue": 1}, r"Invalid value at 'v\.booleanValue' \(TYPE_BOOL\), 1"),
        ({"stringValue": 1}, r"Invalid value at 'v\.stringValue' \(TYPE_STRING\), 1"),
        ({"bytesValue": "?"}, r"Invalid value at 'v\.bytesValue' \(TYPE_BYTES\), \"\?\""),
        ({"nullValue": 5}, r"Invalid value at 'v\.nullValue' \(NULL_VALUE\), 5"),
        ({"timestampValue": "now"}, r"Invalid time \"now\": not in RFC 3339 form\."),
        ({"referenceValue": "users/u1"}, r'Document name "users/u1" is not the full name of.*\.'),
        (
            {"geoPointValue": {"latitude": 91}},
            r"Invalid value at 'v\.geoPointValue': latitude must be in \[-90, 90\],"
            r" longitude in \[-180, 180\]\.",
        ),
        (
            {"arrayValue": {"values": [{"arrayValue": {}}]}},
            r"Cannot convert an array value in an array value at 'v\.arrayValue'\.",
        ),
        ({}, r"Invalid value at 'v': one type must be set, not none\."),
        (
            {"stringValue": "a", "booleanValue": True},
            r"Invalid value at 'v': one type must be set, not stringValue, booleanValue\.",
        ),
        ({"text": "a"}, r'Invalid JSON payload received\. Unknown name "text" at \'v\': Cannot.*'),
        ("a", r"Invalid value at 'v' \(MESSAGE\), \"a\""),
        (
            {"mapValue": {"fields": {"x": {"stringValue": 5}}}},
            r"Invalid value at 'v\.mapValue\.fields\.x\.stringValue' \(TYPE_STRING\), 5",
        ),
        ({"mapValue": {"fields": []}}, r"Invalid value at 'v\.mapValue\.fields' \(MAP\), \[\]"),
    ],
)
def test_value__refuses_what_is_none(shape: object, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{message}$"):
        value_from_json(shape, "v")


def test_value__refuses_endless_nesting() -> None:
    shape: object = {"nullValue": None}
    for _ in range(500):
        shape = {"mapValue": {"fields": {"a": shape}}}
    with pytest.raises(
        InvalidArgumentError, match=r"^Maps and arrays are nested deeper than 20 levels\.$"
    ):
        value_from_json(shape, "v")


texts = st.text(st.characters(codec="utf-8"), max_size=8)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    texts,
    st.binary(max_size=8),
    st.builds(Timestamp, st.integers(MIN_US, MAX_US)),
    st.builds(GeoPoint, st.floats(-90, 90), st.floats(-180, 180)),
)
maps = st.recursive(
    st.dictionaries(texts, scalars, max_size=3),
    lambda below: st.dictionaries(texts, scalars | below | st.lists(scalars | below), max_size=3),
    max_leaves=10,
)


@given(maps)
def test_value__survives_the_wire(value: dict[str, Value]) -> None:
    sent = json.loads(json.dumps(value_to_json(value)))
    assert identical(value_from_json(sent, "v"), value)
