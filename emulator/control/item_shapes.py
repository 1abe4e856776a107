"""What can be said of each kind of item, as schemas: made from the arguments of its builder, so
that both can not come apart.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from inspect import signature
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from emulator.control.operation import Json
from emulator.control.schema import Schema
from emulator.meta.items.update import ItemKind

# The longest text that any platform lets a person write; WhatsApp docs, "Text messages".
MOST_CHARACTERS = 4_096

_PLAIN: Mapping[object, Json] = {
    str: {"type": "string", "maxLength": MOST_CHARACTERS},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
}


@lru_cache(maxsize=256)
def details_of(build: Any) -> Schema:
    """The schema of what a builder takes besides the moment."""
    function = build
    while isinstance(function, partial):
        function = function.func
    hints = get_type_hints(function)
    named = [name for name in signature(build).parameters if name != "moment"]
    return {
        "type": "object",
        "properties": {name: _schema_of(hints[name]) for name in named},
        "additionalProperties": False,
    }


def item_of(kind: ItemKind) -> Json:
    return {
        "kind": kind.name,
        "event": kind.event,
        "asks": kind.asks,
        "details": details_of(kind.build),
    }


def _schema_of(hint: Any) -> Json:
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"type": "string", "enum": list(inside)}
    if origin in (Union, UnionType):
        (other,) = (one for one in inside if one is not NoneType)
        schema = _schema_of(other)
        schema["type"] = [schema["type"], "null"]
        return schema | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object"}
    if not (isinstance(origin, type) and issubclass(origin, Sequence)):
        raise TypeError(f"no schema for {hint}")
    return {"type": "array", "items": _schema_of(inside[0])}
