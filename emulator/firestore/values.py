"""Typed document values as plain Python objects: what is equal, what identical, and their size.

Not their JSON form (`value_json.py`) nor the form that tests write (`plain.py`). A value is never
changed in place once it is part of a document: documents share parts with their earlier versions.
"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.names import relative

MAX_INTEGER = 2**63 - 1
MIN_INTEGER = -(2**63)
MAX_DEPTH = 20  # Firestore docs, "Usage and limits": depth of maps and arrays
MAX_DOCUMENT_BYTES = 1_048_576  # Firestore docs, "Usage and limits": size of a document
MAX_FIELD_NAME_BYTES = 1_500  # Firestore docs, "Usage and limits": size of a field name


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A moment, in microseconds since 1970; Firestore keeps no finer ones."""

    unix_us: int


@dataclass(frozen=True, slots=True)
class Reference:
    """The full name of a document."""

    name: str


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A place, in degrees."""

    latitude: float
    longitude: float


Value: TypeAlias = (
    bool
    | int
    | float
    | str
    | bytes
    | Timestamp
    | Reference
    | GeoPoint
    | list["Value"]
    | dict[str, "Value"]
    | None
)
Fields: TypeAlias = dict[str, Value]


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is an integer or a double; a boolean is neither."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_nan(value: object) -> bool:
    """Whether it is the double that is no number."""
    return isinstance(value, float) and math.isnan(value)


def equality_key(value: Value) -> Hashable:
    """Equal for values that Firestore calls equal: 3 and 3.0, NaN and NaN; not 1 and true."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, float) and math.isnan(value):
        return ("number", "NaN")
    if isinstance(value, (int, float)):
        return ("number", value)
    if isinstance(value, list):
        return ("array", tuple(equality_key(item) for item in value))
    if isinstance(value, dict):
        return ("map", frozenset((name, equality_key(item)) for name, item in value.items()))
    return value


def identical(one: Value, other: Value) -> bool:
    """Whether storing `other` in place of `one` changes nothing: 3 is not 3.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            identical(item, other[name]) for name, item in one.items()
        )
    return one == other


def check_fields(name: str, fields: Mapping[str, Value]) -> None:
    """Raise InvalidArgumentError for a document too large or deep, or a forbidden field name."""
    size = _name_size(name) + _map_size(fields, 0)
    if size > MAX_DOCUMENT_BYTES:
        raise InvalidArgumentError(
            f"Document '{name}' cannot be written because its size ({size:,} bytes)"
            f" exceeds the maximum allowed size of {MAX_DOCUMENT_BYTES:,} bytes."
        )


# Sizes follow the Firestore docs, "Storage size calculations".


def _string_size(text: str) -> int:
    return (len(text) if text.isascii() else len(text.encode())) + 1


def _name_size(name: str) -> int:
    return 16 + sum(_string_size(one) for one in relative(name).split("/"))


def _map_size(fields: Mapping[str, Value], depth: int) -> int:
    size = 32
    for name, value in fields.items():
        bytes_of_name = _string_size(name)
        if not name or bytes_of_name > MAX_FIELD_NAME_BYTES + 1:
            raise InvalidArgumentError(
                f"Field name has {bytes_of_name - 1:,} bytes;"
                f" 1 to {MAX_FIELD_NAME_BYTES:,} are allowed."
            )
        if name.startswith("__") and name.endswith("__") and len(name) > 3:
            raise InvalidArgumentError(f'Field name "{name}" is invalid because it is reserved.')
        size += bytes_of_name + _value_size(value, depth)
    return size


def _value_size(value: Value, depth: int) -> int:
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, str):
        return _string_size(value)
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, GeoPoint):
        return 16
    if isinstance(value, Reference):
        return len(value.name.encode()) + 16
    if isinstance(value, (list, dict)):
        if depth >= MAX_DEPTH:
            raise InvalidArgumentError(
                f"Maps and arrays are nested deeper than {MAX_DEPTH} levels."
            )
        if isinstance(value, dict):
            return _map_size(value, depth + 1)
        return sum(_value_size(item, depth + 1) for item in value)
    return 8
