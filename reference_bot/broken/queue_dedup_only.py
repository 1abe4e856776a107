"""A message that was published before is published again, and the queue is trusted to know it by
its deduplication id. It does, for ten minutes.

Must fail: late-duplicate.
"""

import time
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claim, Claims, Hold
from reference_bot.client import HttpClient
from reference_bot.message import Message
from reference_bot.records import record_path
from reference_bot.settings import Settings


class TrustingClaims(Claims):
    """Claims that leave it to the queue to tell what was done before."""

    async def claim(self, message: Message) -> Claim | Hold:
        duty = await super().claim(message)
        return duty or Claim(record_path(message), time.time(), None)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, claims=TrustingClaims))


app = create_app()
