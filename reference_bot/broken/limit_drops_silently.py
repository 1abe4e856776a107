"""What a user writes beyond ten messages a minute is acknowledged, recorded, and dropped: nobody
answers it, and nobody says so.

Must fail: rate-limit.
"""

from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claim
from reference_bot.client import HttpClient
from reference_bot.message import Message
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook


class DroppingWebhook(Webhook):
    """A webhook that hands over only what can be answered at once."""

    async def hand_over(self, message: Message, claim: Claim) -> None:
        if claim.delay_s == 0:
            await super().hand_over(message, claim)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, webhook=DroppingWebhook)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
