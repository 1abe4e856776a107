from datetime import UTC, datetime

import pytest

from emulator.errors import ScenarioError
from emulator.firestore.plain import fields_from_plain, fields_to_plain, from_plain
from emulator.firestore.values import GeoPoint, Reference, Timestamp


def test_plain__comes_back_as_it_was_put() -> None:
    plain = {
        "none": None,
        "flag": True,
        "count": 3,
        "share": 0.5,
        "text": "a",
        "blob": b"a",
        "at": datetime(2026, 9, 21, tzinfo=UTC),
        "who": Reference("projects/p/databases/d/documents/users/u1"),
        "place": GeoPoint(1.0, 2.0),
        "list": [1, {"deep": [2]}],
    }
    assert fields_to_plain(fields_from_plain(plain)) == plain


def test_plain__shares_nothing_with_the_store() -> None:
    stored = fields_from_plain({"list": [1]})
    fields_to_plain(stored)["list"] = []
    given = {"list": [1]}
    taken = fields_from_plain(given)
    given["list"].append(2)
    assert stored == taken == {"list": [1]}


def test_plain__tuples_are_arrays_and_timestamps_stay() -> None:
    assert from_plain((1, Timestamp(5))) == [1, Timestamp(5)]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (datetime(2026, 9, 21), r"^value\.x is a datetime without a time zone: 2026-09-21 00:00:"),
        (2**63, r"^value\.x does not fit into 64 bits: 9223372036854775808$"),
        ({1}, r"^value\.x is a set, which Firestore can not store$"),
        ([object()], r"^value\.x\[0\] is a object, which Firestore can not store$"),
        ({1: 2}, r"^value\.x has a field name that is no text: 1$"),
    ],
)
def test_plain__refuses(value: object, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        fields_from_plain({"x": value})
