"""The record of a message is kept for ten minutes, as long as the queue recognizes a deduplication
id. The platform tries for an hour.

Must fail: late-duplicate.
"""

import time
from datetime import datetime
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claims
from reference_bot.client import HttpClient
from reference_bot.firestore import Document, Firestore, Write, unchanged_since
from reference_bot.settings import Settings


class ForgettingClaims(Claims):
    """Claims whose records go some time after they were written last."""

    time_to_live_s = 600.0

    def __init__(self, store: Firestore, *, publishes_per_hour: int) -> None:
        super().__init__(store, publishes_per_hour=publishes_per_hour)
        self._store = store

    async def _look(self, *paths: str) -> list[Document | None]:
        record, *others = await super()._look(*paths)
        if record is not None and _age_s(record) > self.time_to_live_s:
            condition = unchanged_since(record.version)
            await self._store.commit(Write(path=paths[0], fields=None, condition=condition))
            record = None
        return [record, *others]


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, claims=ForgettingClaims)
    return create_reference_app(settings, http=http, make=make)


def _age_s(record: Document) -> float:
    # The version of a document is the time at which it was written.
    return time.time() - datetime.fromisoformat(record.version).timestamp()


app = create_app()
