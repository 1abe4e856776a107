"""The publish is a background task of the response. A host that freezes the bot at the last byte of
the response never lets it happen; one that waits until the application call returns does.

Must fail: freeze-safe, and whatever needs the publish: ten-rapid, queue-ledger, one-reply,
echo-safe, late-duplicate, consumer-retry, race-k2, race-k3, fault-1, cold-instances,
instance-killed, queue-hangs, queue-refuses, queue-429, queue-401, store-down, store-quota,
send-fails, rate-limit, breaker. On a host of the kind "vercel" only the four of the queue and
fault-1: a publish that fails does so after the platform was told that all is well.
"""

from contextvars import ContextVar
from functools import partial

from starlette.applications import Starlette
from starlette.background import BackgroundTasks
from starlette.requests import Request
from starlette.responses import Response

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claim
from reference_bot.client import HttpClient
from reference_bot.message import Message
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook

_later: ContextVar[BackgroundTasks] = ContextVar("later")


class LeisurelyWebhook(Webhook):
    """A webhook that answers and publishes then."""

    async def receive(self, request: Request) -> Response:
        tasks = BackgroundTasks()
        _later.set(tasks)
        response = await super().receive(request)
        response.background = tasks
        return response

    async def hand_over(self, message: Message, claim: Claim) -> None:
        _later.get().add_task(super().hand_over, message, claim)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, webhook=LeisurelyWebhook)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
