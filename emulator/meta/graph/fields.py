"""What a GET of the Graph API wants to see: the names in `fields`, with those of the objects that
are in them; Graph API docs, "Field Expansion".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from emulator.meta.graph.addressing import Refusal, invalid
from emulator.meta.graph.parameters import clean
from emulator.meta.graph.refusals import refusal

# A name, what modifies it (`.limit(5)`), what separates two, and the braces around inner ones.
_TOKEN = re.compile(r"\s*(?:([\w:-]+)|\.(\w+)\(([^()]*)\)|([,{}]))\s*")
_LIMIT = re.compile(r"\s*\d{1,9}\s*", re.ASCII)

BAD_FIELDS = refusal(2500)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One field. `inner` are those of the objects in it, none when nothing is said of them;
    `limit` is how many of these at most."""

    inner: "Fields" = field(default_factory=lambda: NOTHING)
    limit: int | None = None


Fields = Mapping[str, Wanted]
NOTHING: Fields = MappingProxyType({})


class Kind(NamedTuple):
    """One type of object: its name in errors, what is shown of it when nothing is asked for, and
    all that can be asked for, None for anything. What an object does not have is left out."""

    name: str
    usual: tuple[str, ...]
    known: frozenset[str] | None = None


class Node(NamedTuple):
    """An object and all that can be seen of it; a value may be a Node, or a list of them."""

    kind: Kind
    values: Mapping[str, object]


def read_wanted(parameters: Mapping[str, object] | None) -> Fields | Refusal:
    """The names in `fields`, in their order; none when there are none. There may be spaces around
    the commas, and one at the end. Refused when it is no list of names."""
    asked = parameters.get("fields") if parameters is not None else None
    return _read(asked) if isinstance(asked, str) else NOTHING


def show(node: Node, wanted: Fields) -> Mapping[str, object] | Refusal:
    """The fields of an object that are asked for, and its id; refused are those that objects of its
    kind do not have."""
    try:
        return _show(node, wanted)
    except _UnknownFieldError as found:
        return invalid(
            f"Tried accessing nonexisting field ({clean(found.name)}) on node type ({found.kind})"
        )


def show_all(nodes: Sequence[Node], wanted: Fields) -> Mapping[str, object] | Refusal:
    """A list of objects, as an edge has it."""
    shown = []
    for node in nodes:
        one = show(node, wanted)
        if isinstance(one, Refusal):
            return one
        shown.append(one)
    return {"data": shown}


# -- inside


class _UnknownFieldError(Exception):
    """Never leaves this module."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name)
        self.name = name
        self.kind = kind


# Clients ask for the same few again and again.
@lru_cache(maxsize=256)
def _read(text: str) -> Fields | Refusal:
    # Without recursion, so that no depth is too much. Of each level: what was read of it so far,
    # and the name that its inner fields belong to.
    levels: list[tuple[dict[str, Wanted], str]] = []
    level: dict[str, Wanted] = {}
    name, at, text = "", 0, text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return BAD_FIELDS
        at = found.end()
        word, modifier, given, mark = found.groups()
        if word is not None:
            if name:
                return BAD_FIELDS
            name = word
            level.setdefault(name, Wanted())
        elif modifier is not None:
            if not name:
                return BAD_FIELDS
            if modifier == "limit" and _LIMIT.fullmatch(given):
                level[name] = Wanted(level[name].inner, int(given))
        elif mark == ",":
            name = ""
        elif mark == "{":
            if not name:
                return BAD_FIELDS
            levels.append((level, name))
            level, name = {}, ""
        else:
            if not levels:
                return BAD_FIELDS
            inner = level
            level, name = levels.pop()
            level[name] = Wanted(MappingProxyType(inner), level[name].limit)
    return BAD_FIELDS if levels else MappingProxyType(level)


def _show(node: Node, wanted: Fields) -> Mapping[str, object]:
    kind, values = node
    known = kind.known
    for name in wanted:
        if known is not None and name not in known:
            raise _UnknownFieldError(name, kind.name)
    shown: dict[str, object] = {}
    for name in wanted or kind.usual:
        if name not in values:
            continue
        value, one = values[name], wanted.get(name, _PLAIN)
        if isinstance(value, Node):
            value = _show(value, one.inner)
        elif isinstance(value, list):
            value = {"data": [_show(each, one.inner) for each in value[: one.limit]]}
        shown[name] = value
    if "id" in values:
        shown.setdefault("id", values["id"])
    return shown


_PLAIN = Wanted()
