"""The order of values, across types and within one."""

import random

from emulator.firestore.ordering import order_key
from emulator.firestore.values import GeoPoint, Reference, Timestamp, Value

ROOT = "projects/p/databases/(default)/documents"

# Firestore docs, "Supported data types": each before the next.
SORTED: list[Value] = [
    None,
    False,
    True,
    float("nan"),
    float("-inf"),
    -5,
    0.5,
    1,
    2.0,
    2**53 + 1,
    float("inf"),
    Timestamp(1),
    Timestamp(2),
    "",
    "Z",
    "a",
    "a0",
    "\uff5e",
    "\U0001f600",
    b"",
    b"\x00",
    b"\xff",
    Reference(f"{ROOT}/a/b"),
    Reference(f"{ROOT}/a/b/c/d"),
    Reference(f"{ROOT}/a!/b"),
    GeoPoint(1.0, 2.0),
    GeoPoint(1.0, 3.0),
    [],
    [1],
    [1, "a"],
    [2],
    {},
    {"a": 1},
    {"a": 1, "b": 0},
    {"a": 2},
    {"b": 0},
]


def test_order_key__sorts_all_types() -> None:
    shuffled = SORTED[:]
    random.Random(1).shuffle(shuffled)

    assert [repr(value) for value in sorted(shuffled, key=order_key)] == [
        repr(value) for value in SORTED
    ]


def test_order_key__integers_and_doubles_are_one_type() -> None:
    assert order_key(3) == order_key(3.0)
    assert order_key(0.0) == order_key(-0.0)
    assert order_key(1) != order_key(True)
