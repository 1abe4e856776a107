"""Whatever the queue delivers is answered, without a look at what was answered before. The queue
delivers at least once, and again when the answer got lost.

Must fail: consumer-retry.
"""

from functools import partial

from starlette.applications import Starlette

from reference_bot.answers import Answers
from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.message import Message
from reference_bot.replies import Replies
from reference_bot.settings import Settings
from reference_bot.turns import Attempt, Turns


class EagerAnswers(Answers):
    """Answers every delivery of a message."""

    def __init__(self, turns: Turns, replies: Replies) -> None:
        super().__init__(turns, replies)
        self._sender = replies

    async def answer(self, message: Message, attempt: Attempt) -> bool:
        await self._sender.send(message)
        return True


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, answers=EagerAnswers))


app = create_app()
