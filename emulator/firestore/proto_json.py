"""The rules of proto3 JSON that every request shares: names of fields and spelling of scalars."""

import json
import re
from collections.abc import Collection, Sequence
from typing import NoReturn, TypeAlias

from emulator.firestore.errors import InvalidArgumentError

JSONObject: TypeAlias = dict[str, object]

_SNAKE = re.compile(r"_([a-z0-9])")


def load(body: bytes) -> JSONObject:
    """The object in a body; an empty body is an empty message. Raises InvalidArgumentError."""
    if not body.strip():
        return {}
    try:
        loaded = _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
        if b"\\u" in body:
            json.dumps(loaded, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except RecursionError:
        raise InvalidArgumentError(
            "Invalid JSON payload received. Message too deep. Max recursion depth reached."
        ) from None
    except (ValueError, UnicodeError) as error:
        raise InvalidArgumentError(f"Invalid JSON payload received. {error}") from None
    if not isinstance(loaded, dict):
        raise InvalidArgumentError("Invalid JSON payload received. Root element must be a message.")
    return loaded


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"Unexpected token: {name}")


# What `json.loads` would make for every body anew.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def camel(name: str) -> str:
    """The JSON name of a field: `updateMask` for the .proto file's `update_mask`."""
    return _SNAKE.sub(lambda at: at[1].upper(), name)


def message(raw: object, where: str, names: Collection[str], *, null: str = "") -> JSONObject:
    """The set fields of a message by their JSON names.

    The names of the .proto file (`update_mask`) are accepted too, and a null field is an unset one,
    except `null`. Raises InvalidArgumentError for what is no object and for unknown names.
    """
    if not isinstance(raw, dict):
        bad_value(where, "MESSAGE", raw)
    found: JSONObject = {}
    for key, value in raw.items():
        name = key if key in names else camel(key)
        if name not in names:
            place = f" at '{where}'" if where else ""
            raise InvalidArgumentError(
                f'Invalid JSON payload received. Unknown name "{key}"{place}: Cannot find field.'
            )
        if value is not None or name == null:
            found[name] = value
    return found


def string(raw: object, where: str) -> str:
    return raw if isinstance(raw, str) else bad_value(where, "TYPE_STRING", raw)


def boolean(raw: object, where: str) -> bool:
    return raw if isinstance(raw, bool) else bad_value(where, "TYPE_BOOL", raw)


def enum(raw: object, where: str, names: Sequence[str]) -> str:
    """The name of an enum's value, which may be given by its number instead: its place in
    `names`. An unknown name is returned as it is.
    """
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < len(names):
        return names[raw]
    return string(raw, where)


def items(raw: object, where: str) -> list[object]:
    """A repeated field."""
    return raw if isinstance(raw, list) else bad_value(where, "LIST", raw)


def bad_value(where: str, kind: str, raw: object) -> NoReturn:
    """Refuse a value, in the words of Google's JSON front ends."""
    shown = json.dumps(raw)
    shown = shown if len(shown) <= 200 else shown[:200] + "..."
    raise InvalidArgumentError(f"Invalid value at '{where}' ({kind}), {shown}")
