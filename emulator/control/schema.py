"""Reading JSON that has to fit a schema: the part of JSON Schema that the API describes itself in.

One description serves both: what is refused here is what the OpenAPI document says.
"""

import difflib
import json
import math
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_NAMES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


class Wrong(ValueError):
    """What is wrong with a value, and where; the text is for whoever sent it."""


def parse(text: bytes) -> object:
    """A JSON text; raises Wrong."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except Wrong:
        raise
    except RecursionError:
        raise Wrong("the body is nested too deeply") from None
    except ValueError as error:
        raise Wrong(f"the body is not JSON: {error}") from None


def read(value: object, schema: Schema, where: str = "") -> Any:
    """The value with its defaults filled in; raises Wrong when it does not fit."""
    here = where or "the body"
    kinds = schema.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    found = next((kind for kind in kinds if _is(value, kind)), None)
    if kinds and found is None:
        named = " or ".join(_NAMES[kind] for kind in kinds)
        raise Wrong(f"{here} has to be {named}, not {_shown(value)}")
    if "enum" in schema and value not in schema["enum"]:
        raise Wrong(_not_one_of(here, value, schema["enum"]))
    if isinstance(value, str):
        return _read_text(value, schema, here)
    if found in ("integer", "number") and isinstance(value, int | float):
        return _read_number(value, schema, here, whole=found == "integer")
    if isinstance(value, list):
        return _read_array(value, schema, here)
    if isinstance(value, dict):
        return _read_object(value, schema, where)
    return value


def _refuse_constant(name: str) -> None:
    raise Wrong(f"the body is not JSON: {name} is no number")


def _is(value: object, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return whole and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
    return value is None


def _shown(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        text = repr(value) if isinstance(value, float) or abs(value) < 1e15 else "a huge number"
        return text
    if isinstance(value, str):
        return json.dumps(value[:40]) + (" ..." if len(value) > 40 else "")
    return "an array" if isinstance(value, list) else "an object"


def _not_one_of(here: str, value: object, known: list[object]) -> str:
    listed = ", ".join(json.dumps(one) for one in known)
    near = nearest(str(value), [str(one) for one in known])
    return f"{here} has to be one of {listed}, not {_shown(value)}{near}"


def nearest(word: str, known: list[str]) -> str:
    """`; did you mean "x"?`, or nothing."""
    found = difflib.get_close_matches(word[:100], known, n=1)
    return f'; did you mean "{found[0]}"?' if found else ""


def _read_text(value: str, schema: Schema, here: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Wrong(f"{here} holds half of a surrogate pair, which is no character") from None
    low, high = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    if len(value) < low:
        raise Wrong(f"{here} has to have {low} characters at least")
    if len(value) > high:
        raise Wrong(f"{here} may have {high:,} characters, not {len(value):,}")
    return value


def _read_number(value: float, schema: Schema, here: str, *, whole: bool) -> float:
    if isinstance(value, float) and not math.isfinite(value):
        raise Wrong(f"{here} is too large")
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above = schema.get("exclusiveMinimum")
    if above is not None and value <= above:
        raise Wrong(f"{here} has to be above {above:g}, not {_shown(value)}")
    if value < low:
        raise Wrong(f"{here} has to be {low:,} at least, not {_shown(value)}")
    if value > high:
        raise Wrong(f"{here} may be {high:,} at most, not {_shown(value)}")
    return int(value) if whole else value


def _read_array(value: list[object], schema: Schema, here: str) -> list[object]:
    low, high = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not low <= len(value) <= high:
        raise Wrong(f"{here} has to have {low} to {high:,} items, not {len(value):,}")
    items = schema.get("items", {})
    return [read(one, items, f"{here}[{place}]") for place, one in enumerate(value)]


def _read_object(value: dict[str, object], schema: Schema, where: str) -> dict[str, object]:
    prefix = f"{where}." if where else ""
    known: Mapping[str, Schema] = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name in schema.get("required", ()):
        if name not in value:
            raise Wrong(f"{prefix}{name} is missing")
    result: dict[str, object] = {}
    for name, one in value.items():
        if name in known:
            result[name] = read(one, known[name], prefix + name)
        elif others is False:
            near = nearest(name, list(known)) or f"; known: {', '.join(known) or 'none'}"
            raise Wrong(f"{prefix}{name[:100]} is unknown{near}")
        else:
            result[name] = read(one, others if isinstance(others, dict) else {}, prefix + name)
    for name, inner in known.items():
        if name not in result and "default" in inner:
            result[name] = inner["default"]
    return result
