"""The parts of a publish request: configuration, what is forwarded, the destination's own query."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from typing import TypeVar
from urllib.parse import unquote, unquote_plus

from emulator.qstash.refusal import Refused

_PREFIX = "upstash-"
_FORWARD = "upstash-forward-"

T = TypeVar("T")


@lru_cache(maxsize=512)
def canonical(name: str) -> str:
    """A header name as Go's HTTP library writes it: `test-header` becomes `Test-Header`."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


@dataclass(frozen=True, slots=True)
class Fields:
    """A publish request taken apart, nothing judged yet.

    `config` has lower-case names, `query` is the destination's own.
    """

    config: dict[str, str]
    forwarded: list[tuple[str, str]]
    plain: list[tuple[str, str]]
    content_type: str | None
    query: str


@dataclass(frozen=True, slots=True)
class Options:
    """The configuration of one message: the values whose names begin with `prefix`.

    A callback's are those of the message with one more word in front.
    """

    config: dict[str, str]
    prefix: str = _PREFIX

    def below(self, name: str) -> "Options":
        return Options(self.config, f"{self.prefix}{name}-")

    def text(self, name: str) -> str | None:
        return self.config.get(self.prefix + name)

    def value(self, name: str, parse: Callable[[str], T], *, default: T) -> T:
        """The value as `parse` reads it; raises Refused (400) when that raises ValueError."""
        text = self.text(name)
        if text is None:
            return default
        try:
            return parse(text)
        except ValueError as error:
            raise self.invalid(name, str(error)) from error

    def invalid(self, name: str, why: str) -> Refused:
        return Refused(400, f"invalid {canonical(self.prefix + name)}: {why}")

    def forwarded(self) -> list[tuple[str, str]]:
        """Headers to pass on; those of a message itself are in its `Fields.forwarded`."""
        start = self.prefix + "forward-"
        return [
            (name[len(start) :], value)
            for name, value in self.config.items()
            if name.startswith(start)
        ]


def split_query(query: str) -> tuple[str, dict[str, str], str | None]:
    """What of a publish's query is the destination's own, byte for byte; config values; the token.

    Config keys are the lower-case header names (QStash docs, "Use as webhook receiver").
    """
    if "upstash-" not in query and "qstash_token" not in query:
        return query, {}, None
    kept = []
    config: dict[str, str] = {}
    token = None
    for piece in query.split("&"):
        key, _, value = piece.partition("=")
        key = unquote(key)
        if key == "qstash_token":
            token = unquote_plus(value)
        elif key.startswith(_PREFIX):
            config.setdefault(key, unquote_plus(value))
        else:
            kept.append(piece)
    return "&".join(kept), config, token


class _Kind(IntEnum):
    """What a header of a publish request is."""

    CONFIG = 0
    FORWARDED = 1
    CONTENT_TYPE = 2
    PLAIN = 3


# The same few names come with every request.
@lru_cache(maxsize=1_024)
def _sorted_name(raw_name: str) -> tuple[_Kind, str]:
    """What a header of this name is, and its name in lower case, without the prefix."""
    name = raw_name.lower()
    if name.startswith(_FORWARD):
        return _Kind.FORWARDED, name[len(_FORWARD) :]
    if name.startswith(_PREFIX):
        return _Kind.CONFIG, name
    return (_Kind.CONTENT_TYPE if name == "content-type" else _Kind.PLAIN), name


def read_fields(
    query: str, headers: Iterable[tuple[str, str]], *, query_wins: bool = False
) -> Fields:
    """Sort the parts of a publish request; a header wins over the query key of the same name,
    unless `query_wins`.
    """
    kept, from_query, _ = split_query(query)
    config: dict[str, str] = {}
    forwarded: list[tuple[str, str]] = []
    plain: list[tuple[str, str]] = []
    content_type = None
    for raw_name, value in headers:
        kind, name = _sorted_name(raw_name)
        if kind is _Kind.PLAIN:
            plain.append((name, value))
        elif kind is _Kind.CONFIG:
            config.setdefault(name, value)
        elif kind is _Kind.FORWARDED:
            forwarded.append((name, value))
        else:
            content_type = value
    if from_query:
        if query_wins:
            asked = {name[len(_FORWARD) :] for name in from_query if name.startswith(_FORWARD)}
            forwarded = [pair for pair in forwarded if pair[0] not in asked]
            config.update(
                (name, value) for name, value in from_query.items() if not name.startswith(_FORWARD)
            )
        sent = {name for name, _ in forwarded}
        for name, value in from_query.items():
            if not name.startswith(_FORWARD):
                config.setdefault(name, value)
            elif name[len(_FORWARD) :] not in sent:
                forwarded.append((name[len(_FORWARD) :], value))
    return Fields(config, forwarded, plain, content_type, kept)


def with_defaults(fields: Fields, headers: Iterable[tuple[str, str]]) -> Fields:
    """The parts with further headers, which count where the request says nothing."""
    default = read_fields("", headers)
    sent = {name for name, _ in fields.forwarded}
    return Fields(
        {**default.config, **fields.config},
        [*fields.forwarded, *(pair for pair in default.forwarded if pair[0] not in sent)],
        fields.plain,
        default.content_type if fields.content_type is None else fields.content_type,
        fields.query,
    )


def without(fields: Fields, names: Iterable[str]) -> Fields:
    """The parts without these configuration values."""
    left_out = {_PREFIX + name for name in names}
    config = {name: value for name, value in fields.config.items() if name not in left_out}
    return replace(fields, config=config)
