"""What the bot's function is invoked with by SQS: a batch of messages, of which it tells those that
have to come again.
"""

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reference_bot.answers import Answers
from reference_bot.errors import TryAgainError
from reference_bot.message import read_job
from reference_bot.release import Releases
from reference_bot.settings import CONSUMER_PATH, RELEASE_PATH
from reference_bot.sqs import Sqs
from reference_bot.turns import Attempt
from reference_bot.untrusted import load, mapping, mappings

LOG = logging.getLogger(__name__)

# What is due so soon is done now.
SOON_S = 1.0


class Events:
    """The queue's side of the bot, for a batch of messages at a time.

    Nothing signs an event: only those who may invoke the function may reach its route.
    """

    def __init__(self, sqs: Sqs, answers: Answers, releases: Releases) -> None:
        self._sqs = sqs
        self._answers = answers
        self._releases = releases

    async def receive(self, request: Request) -> Response:
        """POST: 200 with the messages that are not done with, which the queue hands out again when
        their visibility timeout is over (Lambda docs, "Reporting batch item failures").
        """
        records = mappings(load(await request.body()).get("Records"))
        if not records:
            return JSONResponse({"error": "not an event of SQS"}, 400)
        done = await asyncio.gather(*(self._is_done(record) for record in records))
        failed = [
            {"itemIdentifier": record.get("messageId")}
            for record, is_done in zip(records, done, strict=True)
            if not is_done
        ]
        return JSONResponse({"batchItemFailures": failed})

    async def _is_done(self, record: Mapping[str, Any]) -> bool:
        """Handle one message; returns whether it may be deleted."""
        content = load(str(record.get("body")).encode("utf-8", "replace"))
        try:
            wait_s = _seconds_until(content.get("due"))
            if wait_s > SOON_S:
                return await self._put_off(record, math.ceil(wait_s))
            return await self._handle(record, content)
        except TryAgainError as error:
            LOG.warning("a message has to be handed out again: %r", error)
            return False

    async def _handle(self, record: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
        if content.get("route") == RELEASE_PATH:
            # What is left then has not to wait as long as after a failure.
            return await self._releases.release(_attempt(record)) or await self._put_off(record, 1)
        message = read_job(mapping(content.get("job")))
        if content.get("route") != CONSUMER_PATH or message is None:
            # No repetition would help.
            LOG.error("a message is dropped: it is none of this bot")
            return True
        await self._answers.answer(message, _attempt(record))
        return True

    async def _put_off(self, record: Mapping[str, Any], seconds: int) -> bool:
        try:
            await self._sqs.put_off(str(record.get("receiptHandle")), seconds)
        except Exception as error:  # whatever the client raises
            # It comes again all the same, when its visibility timeout is over.
            LOG.warning("a message could not be put off: %r", error)
        return False


def _attempt(record: Mapping[str, Any]) -> Attempt:
    """Each time that a message is handed out is for itself: the queue may do so while the attempt
    before is still at work.
    """
    count = mapping(record.get("attributes")).get("ApproximateReceiveCount")
    return Attempt(f"{record.get('messageId')} {count}", 0)


def _seconds_until(due: object) -> float:
    if not isinstance(due, int) or isinstance(due, bool) or abs(due) >= 2**53:
        return 0.0
    return due - time.time()
