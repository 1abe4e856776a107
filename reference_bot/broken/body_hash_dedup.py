"""A message is known again by a hash of the webhook that brought it. But a webhook also says when
it was sent, so a copy that is sent at another time, or in another batch, is taken for news.

Must fail: late-duplicate, and whatever delivers a webhook more than once: ten-rapid, dedup-records,
queue-ledger, one-reply, no-growth, race-k2, race-k3, fault-1, cold-instances, instance-killed,
queue-hangs, queue-refuses, queue-429, queue-401, store-down, store-quota, send-fails, rate-limit.
"""

import hashlib
from dataclasses import replace
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.platforms import parse_webhook
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook


class HashingWebhook(Webhook):
    """A webhook that names messages by the bytes they came in."""

    async def handle(self, body: bytes) -> None:
        digest = hashlib.sha256(body).hexdigest()
        for number, message in enumerate(parse_webhook(body)):
            await self.accept(replace(message, mid=f"{digest}-{number}"))


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, webhook=HashingWebhook))


app = create_app()
