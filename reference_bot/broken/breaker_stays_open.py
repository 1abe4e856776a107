"""The circuit breaker counts the publishes of all time instead of the last hour's, and leaves what
it holds to whoever resets it: once open it stays open, and nobody is answered any more.

Must fail: breaker.
"""

import math
import time
from dataclasses import replace
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claims, Hold
from reference_bot.client import HttpClient
from reference_bot.firestore import Document
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook


class LatchedClaims(Claims):
    """Claims to which all publishes were made this minute."""

    async def _look(self, *paths: str) -> list[Document | None]:
        record, limit, counts = await super()._look(*paths)
        if counts is not None:
            total = counts.fields["total"]
            now = f"m{math.floor(time.time() / 60)}"
            counts = replace(counts, fields={now: total, "total": total})
        return [record, limit, counts]


class PatientWebhook(Webhook):
    """A webhook that lets what is held wait."""

    async def _schedule_release(self, hold: Hold) -> None:
        """Nobody is asked to answer it."""


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, claims=LatchedClaims, webhook=PatientWebhook)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
