"""The claim is a lock: the handler writes an id of its own into the record, reads it back, and
publishes, without a deduplication id, if it is still there. But a duplicate that found no record
either may write its id right after that, read it back as well, and publish too.

Must fail: race-k2, race-k3. Where nothing searches, it is chance whether two copies meet in that
order, and when they advance in lockstep they never do: ten-rapid, queue-ledger, no-growth,
rate-limit and breaker fail at some seeds only.
"""

from dataclasses import replace
from functools import partial
from uuid import uuid4

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.broken._forgetful import ForgetfulPublisher
from reference_bot.claims import Claim, Claims
from reference_bot.client import HttpClient
from reference_bot.firestore import Document, Firestore, StoreError, Write, Written
from reference_bot.settings import Settings


class LockingClaims(Claims):
    """Claims that belong to whoever wrote last before a look at who that was."""

    def __init__(self, store: Firestore, *, publishes_per_hour: int) -> None:
        super().__init__(store, publishes_per_hour=publishes_per_hour)
        self._store = store

    async def _take(self, *writes: Write) -> list[Written]:
        record, *others = (replace(write, condition=None) for write in writes)
        mine = uuid4().hex
        written = await super()._take(
            replace(record, fields={**(record.fields or {}), "lock": mine}), *others
        )
        (found,) = await self._store.read(record.path)
        if found is None or found.fields.get("lock") != mine:
            raise StoreError("somebody else has the lock on this message")
        return written

    def _join(self, record: Document, path: str, counted: int) -> Claim:
        raise StoreError("somebody else has the lock on this message")


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, claims=LockingClaims, publisher=ForgetfulPublisher)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
