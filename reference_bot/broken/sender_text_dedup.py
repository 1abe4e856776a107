"""A message is known again by who wrote it and what it says. But people say the same twice: the
second "yes" is taken for a copy of the first, and nobody answers it.

Must fail: one-reply; and ten-rapid, dedup-records, queue-ledger, which count what is left.
"""

import hashlib
from dataclasses import replace
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.message import Message
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook


class ListeningWebhook(Webhook):
    """A webhook that names messages by what they say."""

    async def accept(self, message: Message) -> None:
        said = f"{message.sender}\n{message.text}"
        await super().accept(replace(message, mid=hashlib.sha256(said.encode()).hexdigest()))


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, webhook=ListeningWebhook)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
