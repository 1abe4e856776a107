"""A publish that was refused for being one too many is made again at once, and again: each webhook
becomes twenty calls, just when the queue has asked for fewer.

Must fail: queue-429. Nothing is lost by it, so only who counts the calls sees it.
"""

from collections.abc import Mapping
from functools import partial

from qstash.errors import DailyMessageLimitExceededError, RateLimitExceededError
from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.publisher import Publisher, PublishError
from reference_bot.settings import Settings

TRIES = 20


class StubbornPublisher(Publisher):
    """A publisher that does not take a limit for an answer."""

    async def publish(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        deduplication_id: str | None = None,
        delay_s: int = 0,
    ) -> None:
        for left in reversed(range(TRIES)):
            try:
                await super().publish(
                    path, body, deduplication_id=deduplication_id, delay_s=delay_s
                )
            except PublishError as error:
                limits = DailyMessageLimitExceededError, RateLimitExceededError
                if not left or not isinstance(error.__cause__, limits):
                    raise
            else:
                return


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, publisher=StubbornPublisher)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
