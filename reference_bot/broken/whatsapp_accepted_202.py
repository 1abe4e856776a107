"""Webhooks are acknowledged with 202, since the work is yet to be done. Messenger takes any success
for one; WhatsApp takes 200 and nothing else, and delivers again for a week.

Must fail: on WhatsApp ack-deadline, quiet-day, quiet-week.
"""

from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook


class AcceptingWebhook(Webhook):
    """A webhook that says Accepted instead of OK."""

    async def receive(self, request: Request) -> Response:
        response = await super().receive(request)
        if response.status_code == 200:
            response.status_code = 202
        return response


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(
        settings, http=http, make=partial(make_bot, webhook=AcceptingWebhook)
    )


app = create_app()
