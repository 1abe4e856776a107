"""In which one part a JSON body differs from a genuine one, in words."""

import json
import re
from collections.abc import Iterator
from typing import Any

from emulator.meta.delivery.wire import encode

# Characters of a value that are shown.
MAX_VALUE = 80

Path = tuple[str | int, ...]


def alteration(genuine: Any, data: bytes) -> str:
    """`entry[0].messaging[0].message.text = {"x":0}`, or `... is missing`; empty when the body is
    no JSON, is another one altogether, or differs in more than one part.
    """
    try:
        found = list(_differences(genuine, json.loads(data), ()))
    except (ValueError, RecursionError):
        return ""
    return found[0] if len(found) == 1 else ""


def _differences(before: Any, after: Any, path: Path) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict) and after:
        for key in {**before, **after}:
            if key not in after:
                yield f"{_shown(path, key)} is missing"
            elif key not in before:
                yield f"{_shown(path, key)} = {_value(after[key])}, which is new"
            else:
                yield from _differences(before[key], after[key], (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for at, pair in enumerate(zip(before, after, strict=True)):
            yield from _differences(*pair, (*path, at))
    elif type(before) is not type(after) or before != after:
        yield f"{_shown(path)} = {_value(after)}" if path else ""


def _shown(path: Path, *more: str) -> str:
    text = ""
    for key in (*path, *more):
        if isinstance(key, int):
            text += f"[{key}]"
        elif re.fullmatch(r"[A-Za-z_]\w*", key):
            text += f".{key}" if text else key
        else:
            text += f"[{json.dumps(key)}]"
    return text


def _value(value: Any) -> str:
    text = encode(value).decode("utf-8", "backslashreplace")
    return text if len(text) <= MAX_VALUE else text[:MAX_VALUE] + "..."
