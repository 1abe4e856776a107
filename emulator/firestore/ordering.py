"""How Firestore sorts values of any type; for queries only, equality is in `values.py`."""

import math
from typing import TypeAlias

from emulator.firestore.values import GeoPoint, Reference, Timestamp, Value

OrderKey: TypeAlias = tuple[object, ...]


def order_key(value: Value) -> OrderKey:
    """Sorts as the values do; the first element is the rank of the type.

    Firestore docs, "Supported data types", value type ordering: null, booleans, numbers (NaN
    first), times, texts by their UTF-8 bytes, bytes, references, geo points, arrays, maps.
    """
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, (int, float)):
        return (2, 0) if math.isnan(value) else (2, 1, value)
    if isinstance(value, Timestamp):
        return (3, value.unix_us)
    if isinstance(value, str):
        return (4, value)  # code points sort as their UTF-8 bytes do
    if isinstance(value, bytes):
        return (5, value)
    if isinstance(value, Reference):
        return (6, tuple(value.name.split("/")))
    if isinstance(value, GeoPoint):
        return (7, value.latitude, value.longitude)
    if isinstance(value, list):
        return (8, tuple(order_key(item) for item in value))
    return (9, tuple((name, order_key(value[name])) for name in sorted(value)))
