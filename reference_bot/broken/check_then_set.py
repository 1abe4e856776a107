"""The claim is checked and set in two steps with nothing in between to hold others off, and the
publish has no deduplication id: duplicates that arrive together all find no record, all write one,
and all publish.

Must fail: ten-rapid, queue-ledger, no-growth, rate-limit, breaker (each message that is held
publishes a release of its own), race-k2, race-k3, under-load; and fault-1, instance-killed, because
a publish whose answer is lost is repeated. Duplicates one after the other do not show it.
"""

from dataclasses import replace
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.broken._forgetful import ForgetfulPublisher
from reference_bot.claims import Claims
from reference_bot.client import HttpClient
from reference_bot.firestore import Write, Written
from reference_bot.settings import Settings


class CheckedClaims(Claims):
    """Claims that are written whether or not the record is still as it was read."""

    async def _take(self, *writes: Write) -> list[Written]:
        return await super()._take(*(replace(write, condition=None) for write in writes))


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, claims=CheckedClaims, publisher=ForgetfulPublisher)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
