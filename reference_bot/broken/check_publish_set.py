"""The record is looked for, the message is published, without a deduplication id, and then the
record is set: duplicates that arrive meanwhile find none.

Must fail: ten-rapid, queue-ledger, no-growth, rate-limit, breaker (each message that is held
publishes a release of its own), race-k2, race-k3; and fault-1, instance-killed, because a publish
whose answer is lost is repeated. Duplicates one after the other do not show it.
"""

from contextlib import suppress
from dataclasses import replace
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.broken._forgetful import ForgetfulPublisher
from reference_bot.claims import Claim, Claims
from reference_bot.client import HttpClient
from reference_bot.firestore import Firestore, StoreError, Write, Written
from reference_bot.records import PUBLISHED
from reference_bot.settings import Settings


class LateClaims(Claims):
    """Claims whose records are written once the queue has the message."""

    def __init__(self, store: Firestore, *, publishes_per_hour: int) -> None:
        super().__init__(store, publishes_per_hour=publishes_per_hour)
        self._store = store
        self._unwritten: dict[str, Write] = {}

    async def mark_published(self, claim: Claim) -> None:
        write = self._unwritten.pop(claim.path, None)
        if write is not None:
            with suppress(StoreError):
                await self._store.commit(write)

    async def _take(self, *writes: Write) -> list[Written]:
        record, *others = writes
        written = await super()._take(*others)
        done = {**record.fields, "state": PUBLISHED} if record.fields is not None else None
        self._unwritten[record.path] = replace(record, fields=done)
        return [Written("", ()), *written]


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, claims=LateClaims, publisher=ForgetfulPublisher)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
