"""Document values as a test writes and reads them: plain Python, times as aware datetimes."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from emulator.errors import ScenarioError
from emulator.firestore.moments import from_datetime, to_datetime
from emulator.firestore.values import (
    MAX_INTEGER,
    MIN_INTEGER,
    Fields,
    GeoPoint,
    Reference,
    Timestamp,
    Value,
)

Plain: TypeAlias = (
    bool
    | int
    | float
    | str
    | bytes
    | datetime
    | Reference
    | GeoPoint
    | list["Plain"]
    | dict[str, "Plain"]
    | None
)


def to_plain(value: Value) -> Plain:
    """A copy that shares nothing with the store."""
    if isinstance(value, Timestamp):
        return to_datetime(value.unix_us)
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return fields_to_plain(value)
    return value


def fields_to_plain(fields: Fields) -> dict[str, Plain]:
    return {name: to_plain(value) for name, value in fields.items()}


def from_plain(value: object, where: str = "value") -> Value:
    """The value for a plain one. Raises ScenarioError for what Firestore can not store."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ScenarioError(f"{where} is a datetime without a time zone: {value}")
        return Timestamp(from_datetime(value))
    if isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
        raise ScenarioError(f"{where} does not fit into 64 bits: {value}")
    if value is None or isinstance(
        value, (bool, int, float, str, bytes, Timestamp, Reference, GeoPoint)
    ):
        return value
    if isinstance(value, (list, tuple)):
        return [from_plain(item, f"{where}[{at}]") for at, item in enumerate(value)]
    if isinstance(value, Mapping):
        return fields_from_plain(value, where)
    raise ScenarioError(f"{where} is a {type(value).__name__}, which Firestore can not store")


def fields_from_plain(fields: Mapping[str, object], where: str = "value") -> Fields:
    for name in fields:
        if not isinstance(name, str):
            raise ScenarioError(f"{where} has a field name that is no text: {name!r}")
    return {name: from_plain(value, f"{where}.{name}") for name, value in fields.items()}
