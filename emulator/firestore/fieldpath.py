"""Field paths (`profile.name`, `` `odd name`.x ``): read, set, remove, project by them."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.values import Fields, Value

FieldPath: TypeAlias = tuple[str, ...]

DOCUMENT_NAME: FieldPath = ("__name__",)  # stands for the document itself, never for a field

# Firestore API, Document.fields: plain segments match the first form, all others are quoted.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_QUOTED = re.compile(r"`((?:[^`\\]|\\.)+)`", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Absent:
    """The type of ABSENT, what a path leads to when there is no such field (null is a value)."""

    __slots__ = ()


ABSENT = Absent()


def parse_path(text: str) -> FieldPath:
    """`a.b` as `("a", "b")`. Raises InvalidArgumentError for what is no path."""
    segments = []
    position = 0
    while True:
        quoted = _QUOTED.match(text, position)
        found = quoted or _PLAIN.match(text, position)
        if found is None:
            break
        segments.append(_ESCAPED.sub(r"\1", quoted[1]) if quoted else found[0])
        position = found.end()
        if position == len(text):
            return tuple(segments)
        if text[position] != ".":
            break
        position += 1
    raise InvalidArgumentError(f'Invalid property path "{text}".')


def format_path(path: FieldPath) -> str:
    """The text that `parse_path` reads back."""
    return ".".join(
        segment
        if _PLAIN.fullmatch(segment)
        else "`" + segment.replace("\\", "\\\\").replace("`", "\\`") + "`"
        for segment in path
    )


def read(fields: Mapping[str, Value], path: FieldPath) -> Value | Absent:
    """The value at a path, or ABSENT."""
    here: Value | Mapping[str, Value] = fields
    for segment in path:
        if not isinstance(here, Mapping) or segment not in here:
            return ABSENT
        here = here[segment]
    return here  # type: ignore[return-value]  # a path has at least one segment


def with_value(fields: Mapping[str, Value], path: FieldPath, value: Value) -> Fields:
    """A copy with the value set. What stands in the way and is no map is replaced by one."""
    head, rest = path[0], path[1:]
    changed = dict(fields)
    if rest:
        below = fields.get(head)
        changed[head] = with_value(below if isinstance(below, dict) else {}, rest, value)
    else:
        changed[head] = value
    return changed


def without(fields: Mapping[str, Value], path: FieldPath) -> Fields:
    """A copy without the field; the same fields when it is not there."""
    head, rest = path[0], path[1:]
    changed = dict(fields)
    if not rest:
        changed.pop(head, None)
    elif isinstance(below := fields.get(head), dict):
        changed[head] = without(below, rest)
    return changed


def project(fields: Fields, paths: Iterable[FieldPath] | None) -> Fields:
    """The fields that a read mask asks for; all of them without a mask."""
    if paths is None:
        return fields
    chosen: Fields = {}
    for path in paths:
        value = ABSENT if path == DOCUMENT_NAME else read(fields, path)
        if not isinstance(value, Absent):
            chosen = with_value(chosen, path, value)
    return chosen
