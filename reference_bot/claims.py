"""Who may do what for a message, decided by its record in the store: one webhook publishes it, one
queue message answers it.

A record goes through `claimed`, `published`, `answering`, `answered`. Each step is one conditional
commit, so of any number of handlers that try it at the same time exactly one succeeds, and the
others find out.
"""

import logging
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from reference_bot.errors import TryAgainError
from reference_bot.firestore import (
    ABSENT,
    ConflictError,
    Document,
    Firestore,
    StoreError,
    Write,
    unchanged_since,
)
from reference_bot.limits import next_slot, remember
from reference_bot.message import Message, safe_key

LOG = logging.getLogger(__name__)

CLAIMED, PUBLISHED, ANSWERING, ANSWERED = "claimed", "published", "answering", "answered"

# A conflict means that somebody else got on, so trying again ends: after at most as many rounds as
# a user has messages in flight at the same instant.
ATTEMPTS = 20
# A claim whose reply is this long overdue belongs to a handler that died: no webhook runs for a
# minute. Its slot has left the window of the rate limit by then, so it can be given a new one.
TAKEOVER_AFTER_S = 60.0
# How long an attempt to answer may be at work: its commit takes up to 3 s, its send 8 s.
ATTEMPT_LEASE_S = 15.0
# For a TTL policy on `expires_at`: well past the last redelivery of the platform and the queue's
# longest delay.
KEEP_S = 14 * 86_400.0


class BusyError(TryAgainError):
    """Another attempt to answer this message is at work right now; its outcome is not known yet."""


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
        return max(0, math.ceil(self.due - time.time()))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery by the queue: the queue message's id, and how often it was retried before."""

    owner: str
    number: int


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to send the reply to a message now."""

    path: str
    version: str


class Claims:
    """The records in `processedMessages`, one a message, and in `rateLimits`, one a user."""

    def __init__(self, store: Firestore) -> None:
        self._store = store

    async def claim(self, message: Message) -> Claim | None:
        """The claim on a message, or None when it was published before. Raises StoreError.

        The winner's claim and its place in the user's rate limit are one commit: neither exists
        without the other, and a duplicate takes no place. Whoever comes second while the record
        says `claimed` can not know whether the winner is about to publish or has died. So it
        publishes too, without a write of its own: the deduplication id makes the queue keep one of
        them, and nothing is lost whoever dies.
        """
        record_path, limit_path = _record(message.mid), f"rateLimits/{safe_key(message.sender)}"
        for _ in range(ATTEMPTS):
            record, limit = await self._store.read(record_path, limit_path)
            now = time.time()
            if record is not None:
                if record.fields.get("state") != CLAIMED:
                    return None
                due = _number(record, "due")
                if now < due + TAKEOVER_AFTER_S:
                    return Claim(record_path, due, None)
            slots = limit.fields.get("slots", []) if limit is not None else []
            due = next_slot(slots, now)
            try:
                version = await self._take(
                    Write(
                        path=record_path,
                        fields={
                            "state": CLAIMED,
                            "mid": message.mid,
                            "sender": message.sender,
                            "claimed_at": now,
                            "due": due,
                            "expires_at": _expiry(due),
                        },
                        condition=_as_read(record),
                    ),
                    Write(
                        path=limit_path,
                        fields={"slots": remember(slots, due), "expires_at": _expiry(due)},
                        condition=_as_read(limit),
                    ),
                )
            except ConflictError:
                continue  # somebody claimed the message, or another one of this user: look again
            return Claim(record_path, due, version)
        raise StoreError(f"no claim on a message after {ATTEMPTS} conflicts")

    async def _take(self, record: Write, limit: Write) -> str:
        """Store both documents if both are still as they were read: the record's version."""
        versions = await self._store.commit(record, limit)
        return versions[0]

    async def mark_published(self, claim: Claim) -> None:
        """Note that the queue has the message: a redelivery need not publish it again.

        That counts once the queue's deduplication window of ten minutes is over. Only the handler
        that wrote the claim does so, and only while the record is as it wrote it: the queue may
        have been faster, and `answering` must not be overwritten. A failure changes nothing, since
        the message is safe.
        """
        if claim.version is not None:
            await self._mark(claim.path, PUBLISHED, claim.version)

    async def begin_answer(self, message: Message, attempt: Attempt) -> Turn | None:
        """The turn to answer a message, or None when nothing is left to do.

        A later attempt of the same queue message may enter at once, since the queue makes it only
        when the one before is over. Any other delivery is a duplicate: the same attempt a second
        time, or a second queue message (the first publish was in doubt, or somebody retried a
        dead letter, which has an id of its own). It is told to come again, with BusyError, until
        the one at work has answered or can not be at work any more. Raises StoreError too.
        """
        path = _record(message.mid)
        for _ in range(ATTEMPTS):
            (record,) = await self._store.read(path)
            now = time.time()
            if record is not None and not _may_answer(record, attempt, now):
                return None
            fields = {
                "state": ANSWERING,
                "mid": message.mid,
                "sender": message.sender,
                "owner": attempt.owner,
                "attempt": attempt.number,
                "answering_at": now,
                "expires_at": _expiry(now),
            }
            write = Write(path=path, fields=fields, merge=True, condition=_as_read(record))
            try:
                (version,) = await self._store.commit(write)
            except ConflictError:
                continue
            return Turn(path, version)
        raise StoreError(f"no turn to answer a message after {ATTEMPTS} conflicts")

    async def mark_answered(self, turn: Turn) -> None:
        """Note that the reply was sent.

        A failure must not make the queue come again: that would be a second reply.
        """
        await self._mark(turn.path, ANSWERED, turn.version)

    async def _mark(self, path: str, state: str, version: str) -> None:
        condition = unchanged_since(version)
        write = Write(path=path, fields={"state": state}, merge=True, condition=condition)
        try:
            await self._store.commit(write)
        except StoreError as error:
            LOG.info("a message was not marked as %s: %s", state, error)


def _may_answer(record: Document, attempt: Attempt, now: float) -> bool:
    state = record.fields.get("state")
    if state != ANSWERING:
        return state != ANSWERED
    same_owner = record.fields.get("owner") == attempt.owner
    follows = same_owner and attempt.number > _number(record, "attempt")
    if not follows and now - _number(record, "answering_at") < ATTEMPT_LEASE_S:
        raise BusyError("another delivery of this message is being handled")
    return True


def _record(mid: str) -> str:
    return f"processedMessages/{safe_key(mid)}"


def _as_read(document: Document | None) -> dict[str, object]:
    return dict(ABSENT if document is None else unchanged_since(document.version))


def _number(record: Document, field: str) -> float:
    value = record.fields.get(field)
    return value if isinstance(value, int | float) else 0.0


def _expiry(moment: float) -> datetime:
    return datetime.fromtimestamp(moment + KEEP_S, UTC)
