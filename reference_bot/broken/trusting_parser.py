"""The webhook takes what it is sent for what the documents show, and so breaks on anything else:
every odd body is a 5xx, which the platform delivers again for an hour and then disables the webhook
for.

Must fail: hostile-input.
"""

import json
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.message import Message
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook


class TrustingWebhook(Webhook):
    """A webhook as most examples show it."""

    async def handle(self, body: bytes) -> None:
        for entry in json.loads(body)["entry"]:
            for item in entry.get("messaging", []):
                content = item.get("message", {})
                if "text" in content and not content.get("is_echo"):
                    await self.accept(
                        Message(content["mid"], item["sender"]["id"], content["text"])
                    )


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, webhook=TrustingWebhook)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
