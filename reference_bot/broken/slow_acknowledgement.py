"""The webhook takes six seconds before it answers, as long as asking an LLM would. The
platform wants its answer within five, and disables a webhook that keeps it waiting.

Must fail: ack-deadline; and queue-hangs, queue-refuses, queue-429, queue-401, store-down,
store-quota, which want the answer in time as well.
"""

import asyncio
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook

THINKING_S = 6.0


class ThoughtfulWebhook(Webhook):
    """A webhook that does something slow first."""

    async def receive(self, request: Request) -> Response:
        await asyncio.sleep(THINKING_S)
        return await super().receive(request)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, webhook=ThoughtfulWebhook)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
