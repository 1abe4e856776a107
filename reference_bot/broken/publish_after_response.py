"""The publish is started and not awaited, so the response goes out first, and a host that freezes
the bot after each response never lets it happen. On a laptop, where the process runs on, it works.

Must fail: freeze-safe, and whatever needs the publish: ten-rapid, queue-ledger, one-reply,
echo-safe, late-duplicate, consumer-retry, race-k2, race-k3, fault-1, cold-instances,
instance-killed, queue-hangs, queue-refuses, queue-429, queue-401, store-down, store-quota,
send-fails, rate-limit, breaker.
"""

import asyncio
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claim
from reference_bot.client import HttpClient
from reference_bot.message import Message
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook

# The loop itself keeps only weak references to its tasks.
_running: set[asyncio.Task[None]] = set()


class HastyWebhook(Webhook):
    """A webhook that answers while the publish is still to be made."""

    async def hand_over(self, message: Message, claim: Claim) -> None:
        task = asyncio.create_task(super().hand_over(message, claim))
        _running.add(task)
        task.add_done_callback(_running.discard)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, webhook=HastyWebhook))


app = create_app()
