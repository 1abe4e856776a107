"""Who may answer a message, decided by its record in the store; see `claims.py` for the rest of the
record's life.
"""

import time
from dataclasses import dataclass

from starlette.requests import Request

from reference_bot.errors import TryAgainError
from reference_bot.firestore import ConflictError, Document, StoreError, Write
from reference_bot.held import HeldMessage
from reference_bot.message import Message
from reference_bot.records import (
    ANSWERED,
    ANSWERING,
    ATTEMPTS,
    as_read,
    expiry,
    mark,
    number,
    record_path,
)
from reference_bot.store import Store

# How long an attempt to answer may be at work: its commit takes up to 3 s, its send 8 s.
ATTEMPT_LEASE_S = 15.0


# By which headers each queue tells its message, and how often it was retried before.
QSTASH = ("upstash-message-id", "upstash-retried")
CLOUD_TASKS = ("x-cloudtasks-taskname", "x-cloudtasks-taskretrycount")


class BusyError(TryAgainError):
    """Another attempt to answer this message is at work right now; its outcome is not known yet."""


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


def read_attempt(request: Request) -> Attempt | None:
    """Which attempt a delivery by the queue is, or None when it does not say."""
    for message, retried in (QSTASH, CLOUD_TASKS):
        owner = request.headers.get(message)
        if owner is None:
            continue
        try:
            return Attempt(owner, int(request.headers.get(retried, "0")))
        except ValueError:
            return Attempt(owner, 0)
    return None


class Turns:
    """The records in `processedMessages`, as those who answer see them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def begin_answer(self, message: Message, attempt: Attempt) -> Turn | None:
        """The turn to answer a message, or None when nothing is left to do.

        A later attempt of the same queue message may enter at once, since the queue makes it only
        when the one before is over. Any other delivery is a duplicate: the same attempt a second
        time, or a second queue message (the first publish was in doubt, or somebody retried a
        dead letter, which has an id of its own). It is told to come again, with BusyError, until
        the one at work has answered or can not be at work any more. Raises StoreError too.
        """
        path = record_path(message)
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
                "expires_at": expiry(now),
            }
            write = Write(path=path, fields=fields, merge=True, condition=as_read(record))
            try:
                (written,) = await self._store.commit(write)
            except ConflictError:
                continue
            return Turn(path, written.version)
        raise StoreError(f"no turn to answer a message after {ATTEMPTS} conflicts")

    async def mark_answered(self, turn: Turn, held: HeldMessage | None = None) -> None:
        """Note that the reply was sent, and let go of the message if it was held.

        A failure must not make the queue come again: that would be a second reply. A release does
        come again, for its other messages, so for a held one it is tried twice.
        """
        if held is None:
            await mark(self._store, turn.path, ANSWERED, turn.version)
            return
        for _ in range(2):
            if await mark(self._store, turn.path, ANSWERED, turn.version, held.removal):
                return

    async def let_go(self, held: HeldMessage) -> None:
        """Forget a held message that was answered before. Raises StoreError."""
        await self._store.commit(held.removal)


def _may_answer(record: Document, attempt: Attempt, now: float) -> bool:
    state = record.fields.get("state")
    if state != ANSWERING:
        return state != ANSWERED
    same_owner = record.fields.get("owner") == attempt.owner
    follows = same_owner and attempt.number > number(record, "attempt")
    if not follows and now - number(record, "answering_at") < ATTEMPT_LEASE_S:
        raise BusyError("another delivery of this message is being handled")
    return True
