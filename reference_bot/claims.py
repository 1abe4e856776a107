"""Who may publish a message, decided by its record in the store.

A record goes through `claimed`, `published`, `answering`, `answered`; or, while the circuit breaker
is open, through `held` in the place of the first two. Each step is one conditional commit, so of
any number of handlers that try it at the same time exactly one succeeds, and the others find out.
"""

import math
import time
from dataclasses import dataclass

from reference_bot.breaker import (
    COUNTS_PATH,
    RELEASES_PER_HOUR,
    Release,
    next_release,
    read_counts,
)
from reference_bot.firestore import (
    Condition,
    ConflictError,
    Document,
    StoreError,
    Write,
    Written,
    unchanged_since,
)
from reference_bot.held import keep
from reference_bot.limits import next_slot, remember
from reference_bot.message import Message
from reference_bot.records import (
    ATTEMPTS,
    CLAIMED,
    HELD,
    PUBLISHED,
    as_read,
    expiry,
    mark,
    number,
    record_path,
)
from reference_bot.store import Store
from reference_bot.usage import used

# A claim that is older belongs to a handler that died: no webhook runs for a minute. Whoever takes
# it over counts as a new claim, so the circuit breaker knows how old a claim can be that is
# published.
CLAIM_LASTS_S = 60.0


@dataclass(frozen=True, slots=True)
class Claim:
    """The right and the duty to publish a message whose reply is due at `due` (unix seconds).

    `version` is the record's when this handler wrote it, and None when it belongs to somebody else.
    """

    path: str
    due: float
    version: str | None

    @property
    def delay_s(self) -> int:
        """How long the queue has to hold the message from now on, in whole seconds."""
        return _seconds_until(self.due)


@dataclass(frozen=True, slots=True)
class Hold:
    """The duty to see to it that the release of a held message is with the queue."""

    release: Release

    @property
    def delay_s(self) -> int:
        """How long the queue has to hold the release from now on, in whole seconds."""
        return _seconds_until(self.release.due)


class Claims:
    """The records in `processedMessages`, one a message, and in `rateLimits`, one a user.

    Of `publishes_per_hour` a few are kept for releases; see `breaker.py`.
    """

    def __init__(self, store: Store, *, publishes_per_hour: int) -> None:
        self._store = store
        self._most = publishes_per_hour - RELEASES_PER_HOUR

    async def claim(self, message: Message) -> Claim | Hold | None:
        """What there is to be done for a message, or None when it was done before. Raises
        StoreError.

        The winner's claim, its place in the user's rate limit and its count are one commit: none
        exists without the others, and a duplicate takes no place. Whoever comes second while the
        record says `claimed` can not know whether the winner is about to publish or has died. So it
        publishes too, without a write of its own: the deduplication id makes the queue keep one of
        them, and nothing is lost whoever dies.
        """
        for _ in range(ATTEMPTS):
            try:
                return await self._try_claim(message)
            except ConflictError:
                continue  # somebody claimed the message, or another one of this user: look again
        raise StoreError(f"no claim on a message after {ATTEMPTS} conflicts")

    async def _try_claim(self, message: Message) -> Claim | Hold | None:
        path, limit_path = record_path(message), f"rateLimits/{message.sender_key}"
        record, limit, counted = await self._look(path, limit_path, COUNTS_PATH)
        now, counts = time.time(), read_counts(counted)
        if record is not None:
            state = record.fields.get("state")
            if state == HELD:
                return Hold(next_release(now))  # who held it may have died before the release
            if state != CLAIMED:
                return None
            if now < number(record, "claimed_at") + CLAIM_LASTS_S:
                return self._join(record, path, counts.within(now))
        if counts.within(now) >= self._most:
            return await self._hold(message, as_read(record))
        slots = limit.fields.get("slots", []) if limit is not None else []
        due = number(record, "due") if record is not None else 0.0
        if due <= now:
            due = next_slot(slots, now)
            slots = remember(slots, due)
        fields = {
            "state": CLAIMED,
            "mid": message.mid,
            "sender": message.sender,
            "claimed_at": now,
            "due": due,
            "expires_at": expiry(due),
        }
        places = {"slots": slots, "expires_at": expiry(due)}
        written = await self._take(
            Write(path=path, fields=fields, condition=as_read(record)),
            Write(path=limit_path, fields=places, condition=as_read(limit)),
            counts.one_more(now),
            used(message, now, publishes=1),
        )
        version = written[0].version
        if counts.after(now, written[2].values) <= self._most:
            return Claim(path, due, version)
        # Others took the last places between our read and our commit. The count stays, since a
        # duplicate may have seen the claim.
        return await self._hold(message, unchanged_since(version), used_before=1)

    async def _look(self, *paths: str) -> list[Document | None]:
        """What the store says before a claim: record, rate limit and counts."""
        return await self._store.read(*paths)

    async def _take(self, *writes: Write) -> list[Written]:
        """Store a claim: record, rate limit and counts, if the first two are still as they were
        read.
        """
        return await self._store.commit(*writes)

    def _join(self, record: Document, path: str, counted: int) -> Claim:
        """A duplicate's part in somebody else's claim.

        That one may be among those which turn out to be too many, and which nobody publishes: when
        there are any, the duplicate comes again, and finds the record decided.
        """
        if counted > self._most:
            raise StoreError("a claim on this message is not decided yet")
        return Claim(path, number(record, "due"), None)

    async def _hold(self, message: Message, condition: Condition, *, used_before: int = 0) -> Hold:
        """Keep a message for the next release."""
        now = time.time()
        fields = {
            "state": HELD,
            "mid": message.mid,
            "sender": message.sender,
            "held_at": now,
            "expires_at": expiry(now),
        }
        await self._store.commit(
            Write(path=record_path(message), fields=fields, condition=condition),
            keep(message, now),
            used(message, now, publishes=-used_before, held=1),
        )
        # Only now: what the release finds must be in the store when its time is chosen.
        return Hold(next_release(time.time()))

    async def mark_published(self, claim: Claim) -> None:
        """Note that the queue has the message: a redelivery need not publish it again.

        That counts once the queue's deduplication window of ten minutes is over. Only the handler
        that wrote the claim does so, and only while the record is as it wrote it: the queue may
        have been faster, and `answering` must not be overwritten. A failure changes nothing, since
        the message is safe.
        """
        if claim.version is not None:
            await mark(self._store, claim.path, PUBLISHED, claim.version)


def _seconds_until(moment: float) -> int:
    return max(0, math.ceil(moment - time.time()))
