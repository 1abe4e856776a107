"""When the store fails, the message is published all the same, without a deduplication id: rather
twice than never. Three copies and their redeliveries make that many times, just when everything is
slow.

Must fail: store-down, store-quota, fault-1. While the store is well it works.
"""

from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.firestore import StoreError
from reference_bot.message import Message
from reference_bot.settings import CONSUMER_PATH, Settings
from reference_bot.webhook import Webhook


class OpenWebhook(Webhook):
    """A webhook that fails open."""

    async def accept(self, message: Message) -> None:
        try:
            await super().accept(message)
        except StoreError:
            await self._publisher.publish(CONSUMER_PATH, message.as_job())


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, webhook=OpenWebhook))


app = create_app()
