"""Echoes of the bot's own replies are taken for messages, from the page to itself.

Must fail: echo-safe. Where echoes are not subscribed it works.
"""

from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.broken._items import webhook_items
from reference_bot.client import HttpClient
from reference_bot.message import make_message
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook


class CredulousWebhook(Webhook):
    """A webhook that does not look who wrote a message."""

    async def handle(self, body: bytes) -> None:
        for _, item in webhook_items(body):
            content, sender = item.get("message"), item.get("sender")
            if not isinstance(content, dict) or not isinstance(sender, dict):
                continue
            message = make_message(content.get("mid"), sender.get("id"), content.get("text"))
            if message is not None:
                await self.accept(message)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, webhook=CredulousWebhook)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
