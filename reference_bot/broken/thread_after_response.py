"""The publish is left to a thread, so the response goes out first, and a host that freezes the bot
stops its threads with it. On a laptop, where the process runs on, it works.

Must fail: freeze-safe, and whatever needs the publish: ten-rapid, queue-ledger, one-reply,
echo-safe, late-duplicate, consumer-retry, race-k2, race-k3, fault-1, cold-instances,
instance-killed, queue-hangs, queue-refuses, queue-429, queue-401, store-down, store-quota,
send-fails, rate-limit, breaker.
"""

import threading
from functools import partial

from qstash import QStash
from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claim
from reference_bot.client import HttpClient
from reference_bot.message import Message
from reference_bot.settings import CONSUMER_PATH, Settings
from reference_bot.webhook import Webhook


class ThreadingWebhook(Webhook):
    """A webhook that answers while a thread is still to publish."""

    async def hand_over(self, message: Message, claim: Claim) -> None:
        threading.Thread(target=self._publish, args=(message, claim)).start()

    def _publish(self, message: Message, claim: Claim) -> None:
        queue = QStash(self._settings.qstash_token, base_url=self._settings.qstash_url, retry=False)
        queue.message.publish_json(
            url=self._settings.address(CONSUMER_PATH),
            body=message.as_job(),
            deduplication_id=message.key,
            delay=claim.delay_s or None,
        )


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, webhook=ThreadingWebhook)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
