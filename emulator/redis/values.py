"""What a Redis command answers, as plain values: how they look on the wire is for others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Status:
    """A simple string: `OK`, `QUEUED`, `PONG`."""

    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error, with the prefix that clients tell it by: `ERR syntax error`, `NOSCRIPT ...`."""

    text: str


@dataclass(frozen=True, slots=True)
class NoList:
    """Nothing, in the place of a list: the older protocol writes it in a way of its own."""


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as a server wrote it, in whatever version of the protocol was asked for."""

    data: bytes


# Lists may hold refusals: those of the commands of a transaction.
Value: TypeAlias = (
    "bytes | int | float | Status | Refusal | Sequence[Value] | Members | Pairs | NoList | Raw"
    " | None"
)


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a set, which the newer protocol tells from a list."""

    items: Sequence[Value]


@dataclass(frozen=True, slots=True)
class Pairs:
    """A map, which the newer protocol tells from a list."""

    items: Mapping[bytes, Value]


OK = Status("OK")
NO_LIST = NoList()


class Silent(Exception):
    """A command has no answer."""


def plain(value: Value) -> Value:
    """The value as the older protocol has it: sets and maps are lists, doubles are strings."""
    match value:
        case Members(items):
            return [plain(item) for item in items]
        case Pairs(items):
            return [part for key, item in items.items() for part in (key, plain(item))]
        case float():
            return repr(value).removesuffix(".0").encode()
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value
