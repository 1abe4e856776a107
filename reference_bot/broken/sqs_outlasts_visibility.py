"""With SQS: the consumer takes longer for a reply than the queue hides its message, and than any
attempt is believed to be at work. The queue hands the message out again meanwhile.

Must fail: one-reply; and queue-ledger, since what was answered too late is not deleted either.
"""

import asyncio
from functools import partial

from starlette.applications import Starlette

from reference_bot.answers import Answers
from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.message import Message
from reference_bot.settings import Settings
from reference_bot.turns import Attempt

# As a slow model may; the queue of `sqs.toml` hides its messages for a minute.
THINKING_S = 80.0


class ThoughtfulAnswers(Answers):
    """Thinks before it sends."""

    async def answer(self, message: Message, attempt: Attempt) -> bool:
        turn = await self._turns.begin_answer(message, attempt)
        if turn is None:
            return False
        await asyncio.sleep(THINKING_S)
        await self._replies.send(message)
        await self._turns.mark_answered(turn)
        return True


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, answers=ThoughtfulAnswers)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
