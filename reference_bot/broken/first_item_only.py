"""Of each webhook the first message is read, as most examples do it. The platform batches under
load, and never sends again what was acknowledged: the others are lost.

Must fail: ten-rapid, and whatever tells of a message in a batch: dedup-records, queue-ledger,
one-reply, late-duplicate.
"""

from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.platforms import parse_webhook
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook


class HastyWebhook(Webhook):
    """A webhook that looks at `entry[0]` and no further."""

    async def handle(self, body: bytes) -> None:
        for message in parse_webhook(body, self._settings.platforms)[:1]:
            await self.accept(message)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, webhook=HastyWebhook))


app = create_app()
