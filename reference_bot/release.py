"""What the queue calls a few minutes after the circuit breaker held messages: answers all of them.

One queue message does for any number of users' messages, which is how an open breaker goes on
answering without publishing.
"""

import asyncio
import logging
import time
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reference_bot import held
from reference_bot.answers import Answers
from reference_bot.consumer import QueueSignature
from reference_bot.errors import TryAgainError
from reference_bot.firestore import StoreError
from reference_bot.held import HeldMessage
from reference_bot.settings import RELEASE_PATH
from reference_bot.store import Store
from reference_bot.turns import Attempt, read_attempt

LOG = logging.getLogger(__name__)

AT_ONCE = 10  # replies under way at the same time
# No reply is begun after this: serverless hosts give 10 s and more, and what was cut has to be
# answered in doubt.
BEGIN_WITHIN_S = 5.0


class Releases:
    """The queue's way to the messages that are held."""

    def __init__(self, signature: QueueSignature, store: Store, answers: Answers) -> None:
        self._signature = signature
        self._store = store
        self._answers = answers

    async def receive(self, request: Request) -> Response:
        """POST: 200 when nothing is held any more; 503, so that the queue retries, when something
        failed or there is more than one invocation can do.
        """
        try:
            if not await self._signature.is_genuine(request, await request.body(), RELEASE_PATH):
                return PlainTextResponse("wrong signature", 401)
            attempt = read_attempt(request)
            if attempt is None:
                return self._signature.give_up("not a release of this bot")
            done = await self.release(attempt)
        except TryAgainError as error:
            LOG.warning("held messages have to be tried again: %r", error)
            return PlainTextResponse("try again", 503)
        if not done:
            # QStash docs, "Retry": at once, since nothing is wrong.
            return PlainTextResponse("there are more", 503, {"Retry-After": "1"})
        return PlainTextResponse("answered")

    async def release(self, attempt: Attempt) -> bool:
        """Answer what is held; returns whether nothing is left. Raises TryAgainError."""
        found = await held.oldest(self._store)
        left = await self._answer_all(found, attempt)
        return not left and len(found) < held.AT_MOST

    async def _answer_all(self, found: Sequence[HeldMessage], attempt: Attempt) -> int:
        """Answer held messages, each user's in their order; returns how many there was no time for.

        Raises the first TryAgainError, at the end: a reply that one user's block refuses does not
        keep the others waiting. Only a store in trouble is not called on.
        """
        waiting = list(found)
        errors: list[TryAgainError] = []
        end = time.time() + BEGIN_WITHIN_S
        while waiting and time.time() < end:
            first: dict[str, HeldMessage] = {}
            for each in waiting:
                first.setdefault(each.message.sender, each)
            batch = list(first.values())[:AT_ONCE]
            outcomes = await asyncio.gather(*(self._try_answer(each, attempt) for each in batch))
            errors += [error for error in outcomes if error is not None]
            if any(isinstance(error, StoreError) for error in errors):
                break
            waiting = [each for each in waiting if each not in batch]
        if errors:
            raise errors[0]
        return len(waiting)

    async def _try_answer(self, each: HeldMessage, attempt: Attempt) -> TryAgainError | None:
        try:
            await self._answers.answer_held(each, attempt)
        except TryAgainError as error:
            return error
        return None
