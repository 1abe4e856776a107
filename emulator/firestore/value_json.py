"""Document values from and to the JSON of the REST surface: `{"integerValue": "3"}`."""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.moments import format_us, parse_ns
from emulator.firestore.proto_json import JSONObject, bad_value, boolean, items, message, string
from emulator.firestore.values import (
    MAX_DEPTH,
    MAX_INTEGER,
    MIN_INTEGER,
    Fields,
    GeoPoint,
    Reference,
    Timestamp,
    Value,
)

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_REFERENCE = re.compile(r"projects/[^/]+/databases/[^/]+/documents(?:/[^/]+/[^/]+)+", re.DOTALL)
# Whole doubles below this are printed without a fraction, as proto3 JSON does; above, digits would
# suggest more than there is.
_EXACT = 2.0**53


def fields_from_json(raw: object, where: str) -> Fields:
    """The `fields` of a document. Raises InvalidArgumentError naming the place."""
    return _fields(raw, where, 0)


def value_from_json(raw: object, where: str) -> Value:
    """One value. Raises InvalidArgumentError naming the place."""
    return _value(raw, where, 0)


def array_from_json(raw: object, where: str) -> list[Value]:
    """An array without its type around it, as transforms have them: `{"values": [..]}`."""
    return _array(raw, where, 0)


def fields_to_json(fields: Mapping[str, Value]) -> JSONObject:
    return {name: value_to_json(value) for name, value in fields.items()}


def value_to_json(value: Value) -> JSONObject:
    """One value; what proto3 JSON omits (an empty list, a zero coordinate) is omitted here too."""
    match value:
        case None:
            return {"nullValue": None}
        case bool():
            return {"booleanValue": value}
        case int():
            return {"integerValue": str(value)}
        case float():
            return {"doubleValue": _double_to_json(value)}
        case str():
            return {"stringValue": value}
        case Timestamp():
            return {"timestampValue": format_us(value.unix_us)}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode()}
        case Reference():
            return {"referenceValue": value.name}
        case GeoPoint():
            degrees = {"latitude": value.latitude, "longitude": value.longitude}
            return {
                "geoPointValue": {
                    name: _double_to_json(angle) for name, angle in degrees.items() if angle
                }
            }
        case list():
            return {
                "arrayValue": {"values": [value_to_json(item) for item in value]} if value else {}
            }
        case dict():
            return {"mapValue": {"fields": fields_to_json(value)} if value else {}}


def _double_to_json(value: float) -> float | int | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    minus_zero = value == 0 and math.copysign(1, value) < 0
    return int(value) if value.is_integer() and abs(value) < _EXACT and not minus_zero else value


def _fields(raw: object, where: str, depth: int) -> Fields:
    if not isinstance(raw, dict):
        bad_value(where, "MAP", raw)
    return {name: _value(value, f"{where}.{name}", depth) for name, value in raw.items()}


def _value(raw: object, where: str, depth: int) -> Value:
    found = message(raw, where, _READERS, null="nullValue")
    if len(found) != 1:
        kinds = ", ".join(found) or "none"
        raise InvalidArgumentError(
            f"Invalid value at '{where}': one type must be set, not {kinds}."
        )
    [(kind, content)] = found.items()
    if depth > MAX_DEPTH:
        raise InvalidArgumentError(f"Maps and arrays are nested deeper than {MAX_DEPTH} levels.")
    return _READERS[kind](content, f"{where}.{kind}", depth)


def _null(raw: object, where: str, depth: int) -> None:
    if raw not in (None, "NULL_VALUE", 0):
        bad_value(where, "NULL_VALUE", raw)


def _boolean(raw: object, where: str, depth: int) -> bool:
    return boolean(raw, where)


def _string(raw: object, where: str, depth: int) -> str:
    return string(raw, where)


def _integer(raw: object, where: str, depth: int) -> int:
    number: int | None = None
    if isinstance(raw, str) and _INTEGER.fullmatch(raw):
        number = int(raw)
    elif isinstance(raw, int) and not isinstance(raw, bool):
        number = raw
    elif isinstance(raw, float) and raw.is_integer():
        number = int(raw)
    if number is None or not MIN_INTEGER <= number <= MAX_INTEGER:
        bad_value(where, "TYPE_INT64", raw)
    return number


def _double(raw: object, where: str, depth: int = 0) -> float:
    if raw in ("NaN", "Infinity", "-Infinity"):
        return float(str(raw))
    number = math.inf
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        with suppress(OverflowError):  # integer literals in JSON may have any length
            number = float(raw)
    elif isinstance(raw, str) and _NUMBER.fullmatch(raw):
        number = float(raw)
    return number if math.isfinite(number) else bad_value(where, "TYPE_DOUBLE", raw)


def _timestamp(raw: object, where: str, depth: int) -> Timestamp:
    # Firestore API, Value.timestamp_value: finer precision is rounded down.
    return Timestamp(parse_ns(string(raw, where)) // 1000)


def _bytes(raw: object, where: str, depth: int) -> bytes:
    # proto3 JSON takes both alphabets, with and without padding.
    text = string(raw, where).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        bad_value(where, "TYPE_BYTES", raw)


def _reference(raw: object, where: str, depth: int) -> Reference:
    name = string(raw, where)
    if not _REFERENCE.fullmatch(name):
        raise InvalidArgumentError(f'Document name "{name}" is not the full name of a document.')
    return Reference(name)


def _geo_point(raw: object, where: str, depth: int) -> GeoPoint:
    found = message(raw, where, ("latitude", "longitude"))
    latitude = _double(found.get("latitude", 0), where + ".latitude")
    longitude = _double(found.get("longitude", 0), where + ".longitude")
    # google.type.LatLng: the ranges of a normalised point.
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise InvalidArgumentError(
            f"Invalid value at '{where}': latitude must be in [-90, 90], longitude in [-180, 180]."
        )
    return GeoPoint(latitude, longitude)


def _array(raw: object, where: str, depth: int) -> list[Value]:
    found = items(message(raw, where, ("values",)).get("values", []), where + ".values")
    values = [_value(item, f"{where}.values[{at}]", depth + 1) for at, item in enumerate(found)]
    if any(isinstance(value, list) for value in values):
        # Firestore API, Value.array_value: an array directly inside an array is not allowed.
        raise InvalidArgumentError(f"Cannot convert an array value in an array value at '{where}'.")
    return values


def _map(raw: object, where: str, depth: int) -> Fields:
    return _fields(message(raw, where, ("fields",)).get("fields", {}), where + ".fields", depth + 1)


_READERS: Mapping[str, Callable[[object, str, int], Value]] = {
    "nullValue": _null,
    "booleanValue": _boolean,
    "integerValue": _integer,
    "doubleValue": _double,
    "timestampValue": _timestamp,
    "stringValue": _string,
    "bytesValue": _bytes,
    "referenceValue": _reference,
    "geoPointValue": _geo_point,
    "arrayValue": _array,
    "mapValue": _map,
}
