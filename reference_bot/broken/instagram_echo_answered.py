"""Echoes are left out where they were subscribed, on Messenger. On Instagram every bot that is told
of messages is told of its own, in the same field: they are taken for messages, from the account to
itself.

Must fail: on Instagram echo-safe, because it answers itself, and so ten-rapid, dedup-records,
queue-ledger, no-growth, no-loop, late-duplicate, consumer-retry, cold-instances, send-fails,
rate-limit, race-k2, race-k3, fault-1, instance-killed, queue-hangs, queue-refuses, queue-429,
queue-401, store-down, store-quota.
"""

from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.broken._items import webhook_items
from reference_bot.client import HttpClient
from reference_bot.message import make_message
from reference_bot.settings import Settings
from reference_bot.untrusted import mapping
from reference_bot.webhook import Webhook


class CredulousWebhook(Webhook):
    """A webhook that does not look who wrote a message on Instagram."""

    async def handle(self, body: bytes) -> None:
        for account, item in webhook_items(body, "instagram"):
            content, sender = mapping(item.get("message")), mapping(item.get("sender")).get("id")
            mid, text = content.get("mid"), content.get("text")
            message = make_message(mid, sender, text, "instagram", account)
            if message is not None:
                await self.accept(message)
        await super().handle(body)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(
        settings, http=http, make=partial(make_bot, webhook=CredulousWebhook)
    )


app = create_app()
