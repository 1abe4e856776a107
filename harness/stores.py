"""The kinds of store that may hold a bot's dedup records, and what the harness asks of each."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from emulator import World
from emulator.exchange import Reply
from emulator.firestore.service import ORIGIN as FIRESTORE
from emulator.redis.service import ORIGIN as REDIS
from emulator.upstash import ORIGIN as UPSTASH
from harness.profile import StoreKind
from harness.scenarios.outages_replies import (
    REDIS_OVER_LIMIT,
    REDIS_UNAVAILABLE,
    STORE_OVER_QUOTA,
    STORE_UNAVAILABLE,
    UPSTASH_OVER_LIMIT,
    UPSTASH_UNAVAILABLE,
)

# Where a bot reaches each: the addresses that stand for it.
ORIGINS: Mapping[StoreKind, str] = {
    "firestore": FIRESTORE,
    "upstash": UPSTASH,
    "redis": REDIS,
}
# What each answers while it is down, and while its plan is used up.
UNAVAILABLE: Mapping[StoreKind, Reply] = {
    "firestore": STORE_UNAVAILABLE,
    "upstash": UPSTASH_UNAVAILABLE,
    "redis": REDIS_UNAVAILABLE,
}
OVER_QUOTA: Mapping[StoreKind, Reply] = {
    "firestore": STORE_OVER_QUOTA,
    "upstash": UPSTASH_OVER_LIMIT,
    "redis": REDIS_OVER_LIMIT,
}


def is_store(service: object) -> bool:
    """Whether a journal's or a call's service is a store."""
    return service in ORIGINS


class Records(Protocol):
    """What the harness asks of a store directly."""

    def mark(self) -> int: ...

    def created_since(self, mark: int, collection: str, /) -> list[str]: ...

    def put(self, path: str, content: Mapping[str, object], /) -> None: ...


def records_of(world: World, kind: StoreKind) -> Records:
    """The store of that kind."""
    return world.firestore if kind == "firestore" else world.keyspace


# How many operations there were, on each store.
Operations = tuple[int, int]


def operations(world: World) -> Operations:
    """The present, for `writers_since`."""
    return world.firestore.oplog.count, world.keyspace.oplog.count


def writers_since(world: World, before: Operations) -> Iterator[str]:
    """Who has written to a store since: the names of the invocations or calls, as far back as the
    stores remember.
    """
    documents, keys = before
    for document in reversed(world.firestore.oplog.rows):
        if document.seq < documents:
            break
        if document.billed.writes + document.billed.deletes:
            yield document.caller
    for key in reversed(world.keyspace.oplog.rows):
        if key.seq < keys:
            break
        if key.wrote:
            yield key.caller
