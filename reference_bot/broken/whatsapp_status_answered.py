"""What WhatsApp tells of the bot's own sends, that they were sent, delivered and read, is taken for
messages, since it comes in the same field and has an id as well.

Must fail: on WhatsApp echo-safe, because it answers itself, and so ten-rapid, dedup-records,
queue-ledger, no-growth, no-loop, late-duplicate, consumer-retry, cold-instances, send-fails,
rate-limit, race-k2, race-k3, fault-1, instance-killed, queue-hangs, queue-refuses, queue-429,
queue-401, store-down, store-quota, one-reply, quiet-day,
quiet-week, breaker, plan-budget.
"""

from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.message import make_message
from reference_bot.settings import Settings
from reference_bot.untrusted import load, mapping, mappings
from reference_bot.webhook import Webhook


class CuriousWebhook(Webhook):
    """A webhook that answers `statuses` as it does `messages`."""

    async def handle(self, body: bytes) -> None:
        for entry in mappings(load(body).get("entry")):
            for change in mappings(entry.get("changes")):
                value = mapping(change.get("value"))
                number = mapping(value.get("metadata")).get("phone_number_id")
                for item in mappings(value.get("statuses")):
                    to, text = item.get("recipient_id"), item.get("status")
                    message = make_message(item.get("id"), to, text, "whatsapp", number)
                    if message is not None:
                        await self.accept(message)
        await super().handle(body)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, webhook=CuriousWebhook))


app = create_app()
