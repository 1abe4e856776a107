"""The signature of a webhook is never looked at, so whoever knows the address can have the bot
answer what nobody wrote.

Must fail: webhook-signature.
"""

from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook


class CredulousWebhook(Webhook):
    """A webhook that takes everybody for the platform."""

    def _is_genuine(self, request: Request, body: bytes) -> bool:
        return True


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, webhook=CredulousWebhook)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
