"""The message is claimed first, and when its publish fails, the webhook answers 200 all the same,
to spare the platform an error. So nobody delivers the message again.

Must fail: queue-hangs, queue-refuses, queue-429, queue-401, fault-1. While the queue is well it
works.
"""

from contextlib import suppress
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claim
from reference_bot.client import HttpClient
from reference_bot.message import Message
from reference_bot.publisher import PublishError
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook


class ContentWebhook(Webhook):
    """A webhook to which a publish that was tried is as good as one that was made."""

    async def hand_over(self, message: Message, claim: Claim) -> None:
        with suppress(PublishError):
            await super().hand_over(message, claim)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, webhook=ContentWebhook))


app = create_app()
