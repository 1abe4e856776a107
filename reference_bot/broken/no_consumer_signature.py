"""The consumer takes everybody for the queue, so whoever knows the address can have the bot write
to its users, and make up what they wrote.

Must fail: queue-signature.
"""

from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.consumer import QueueSignature
from reference_bot.settings import Settings


class NoSignature(QueueSignature):
    """A signature that is always right."""

    async def is_genuine(self, request: Request, body: bytes, path: str) -> bool:
        return True


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, signature=NoSignature)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
