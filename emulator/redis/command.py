"""What a command is called, and which keys it reads and writes, as far as its words tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, cycle

from emulator.call import Access

Words = Sequence[bytes]

# Of these, the second word belongs to the name.
_CONTAINERS = frozenset(
    b"acl client cluster command config debug function latency memory module object pubsub script "
    b"slowlog xgroup xinfo".split()
)
# Where a command says how many keys it has, and what of the words before that is a key as well.
_COUNTED: Mapping[bytes, tuple[int, bool]] = {
    **dict.fromkeys((b"eval", b"evalsha", b"fcall", b"fcall_ro"), (2, False)),
    **dict.fromkeys((b"blmpop", b"bzmpop"), (2, False)),
    **dict.fromkeys((b"lmpop", b"sdiffcard", b"sintercard", b"sunioncard"), (1, False)),
    **dict.fromkeys((b"zdiff", b"zinter", b"zintercard", b"zmpop", b"zunion"), (1, False)),
    **dict.fromkeys((b"zdiffstore", b"zinterstore", b"zunionstore"), (2, True)),
}
_SCRIPTS = frozenset((b"eval", b"evalsha", b"fcall"))
# What depends on every key, or changes any.
_WHOLE = frozenset((b"dbsize", b"flushall", b"flushdb", b"keys", b"randomkey", b"scan", b"swapdb"))
# Keys, and behind them how long to wait; or a key to take from, one to put to, and more.
_POPS = frozenset(b"blpop brpop bzpopmax bzpopmin".split())
_BETWEEN = _POPS | frozenset(b"blmove brpoplpush".split())
# Commands that wait for something to come.
BLOCKING = frozenset(b"blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin".split())

# Stands for all keys: whatever touches one reads it, what touches any writes it.
ALL = "redis:/*"
_NOTHING = Access("invalid")


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of a kind of command: whether it writes, and which of its arguments are keys:
    the first ones by `fixed`, all others in turns by `repeated`.
    """

    writes: bool
    fixed: tuple[bool, ...] = ()
    repeated: tuple[bool, ...] = ()


def name_of(words: Words) -> bytes:
    """The name of a command, in lower case: `set`, `script load`."""
    first = words[0].lower()
    if first in _CONTAINERS and len(words) > 1:
        return first + b" " + words[1].lower()
    return first


def verb_of(words: Words) -> str:
    """The name of a command for people; it tells apart the two that a claim is made with."""
    name = shown(name_of(words))
    if name == "set" and any(word.lower() == b"nx" for word in words[3:]):
        return "set nx"
    return name


def blocks(words: Words) -> bool:
    """Whether a command may wait for something to come."""
    name = words[0].lower()
    return name in BLOCKING or (
        name in (b"xread", b"xreadgroup") and any(word.lower() == b"block" for word in words)
    )


def keys_of(words: Words, described: Described | None) -> list[bytes] | None:
    """The keys that a command names; None when its words do not tell."""
    name = words[0].lower()
    if name in _COUNTED:
        return _counted_keys(words, *_COUNTED[name])
    if name in (b"xread", b"xreadgroup"):
        return _streams(words)
    if name in _BETWEEN:
        return list(words[1:-1] if name in _POPS else words[1:3])
    if name in _WHOLE or described is None:
        return None
    if described.writes and not any((*described.fixed, *described.repeated)):
        return None
    arguments = words[2 if b" " in name_of(words) else 1 :]
    are_keys = chain(described.fixed, cycle(described.repeated))
    keys = [word for word, is_key in zip(arguments, are_keys, strict=False) if is_key]
    if name in (b"sort", b"georadius", b"georadiusbymember"):
        keys += _stored(words)
    return keys


def access_of(words: Words, described: Described | None) -> Access:
    """What one command touches."""
    if not words:
        return _NOTHING
    verb, name = verb_of(words), words[0].lower()
    keys = keys_of(words, described)
    if keys is None or (name in _SCRIPTS and not keys):
        return Access(verb, writes=frozenset({ALL}))
    named = frozenset(map(key_name, keys))
    if name == b"publish":
        return Access(verb, reads=frozenset({ALL}), writes=frozenset({"redis:/channels"}))
    if (described is not None and described.writes) or name in _SCRIPTS:
        return Access(verb, reads=frozenset({ALL}), writes=named)
    return Access(verb, reads=named | {ALL} if named else frozenset())


def joined(verb: str, parts: Sequence[Access]) -> Access:
    """What several commands touch that go in one request; of a lone one, its own."""
    if len(parts) == 1:
        return parts[0]
    reads: frozenset[str] = frozenset().union(*(part.reads for part in parts))
    writes: frozenset[str] = frozenset().union(*(part.writes for part in parts))
    return Access(verb, reads=reads, writes=writes)


def key_name(key: bytes) -> str:
    """A key as journals and accesses name it: `redis:<key>`."""
    return "redis:" + shown(key)


def shown(word: bytes) -> str:
    """A word of a command for people; what is no text is escaped."""
    return word.decode("utf-8", "backslashreplace")


def _counted_keys(words: Words, at: int, before: bool) -> list[bytes] | None:
    try:
        number = int(words[at])
    except (IndexError, ValueError):
        return []
    return [*words[1:at][: int(before)], *words[at + 1 : at + 1 + max(0, number)]]


def _streams(words: Words) -> list[bytes]:
    lower = [word.lower() for word in words]
    if b"streams" not in lower:
        return []
    rest = words[lower.index(b"streams") + 1 :]
    return list(rest[: len(rest) // 2])


def _stored(words: Words) -> list[bytes]:
    lower = [word.lower() for word in words]
    return [
        words[place + 1]
        for place, word in enumerate(lower[:-1])
        if word in (b"store", b"storedist")
    ]
