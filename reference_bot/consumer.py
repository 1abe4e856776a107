"""What the queue calls: answers one message, once, however often it is delivered."""

import logging

from qstash import Receiver
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reference_bot.answers import Answers
from reference_bot.client import HttpClient
from reference_bot.cloud_tasks import Identity
from reference_bot.errors import TryAgainError
from reference_bot.message import parse_job
from reference_bot.settings import CONSUMER_PATH, Settings
from reference_bot.turns import read_attempt

LOG = logging.getLogger(__name__)


class QueueSignature:
    """Tells the queue's own deliveries from anybody else's."""

    def __init__(
        self, settings: Settings, http: HttpClient, identity: type[Identity] = Identity
    ) -> None:
        self._settings = settings
        self._receiver: Receiver | None = None
        if settings.cloud_tasks_queue:
            self._identity = identity(settings, http)
        else:
            self._receiver = Receiver(settings.current_signing_key, settings.next_signing_key)

    async def is_genuine(self, request: Request, body: bytes, path: str) -> bool:
        """Whether the queue signed this body, or the delivery, for this route. Raises TryAgainError
        when that can not be told now.

        The address is the configured one, not the one in the request: behind a proxy they differ,
        and a token that was made for another route of the bot must not pass here.
        """
        if self._settings.sqs_queue_url:
            # What comes from SQS comes as an event, and all else is somebody else's.
            return False
        url = self._settings.address(path)
        try:
            if self._receiver is None:
                await self._identity.check(request.headers.get("authorization", ""), url)
            else:
                self._receiver.verify(
                    signature=request.headers.get("upstash-signature", ""),
                    body=body.decode(),
                    url=url,
                )
        except TryAgainError:
            raise
        except Exception as error:  # a token can be odd in more ways than SignatureError covers
            LOG.info("a delivery without a valid signature: %s", type(error).__name__)
            return False
        return True

    def give_up(self, why: str) -> Response:
        """The answer to a delivery that no repetition would help."""
        if self._receiver is None:
            # Cloud Tasks repeats whatever is not a success, and keeps nothing for anybody to see.
            LOG.error("a delivery is dropped: %s", why)
            return PlainTextResponse(why)
        # QStash docs, "Retry": straight to the dead letters, where somebody sees it.
        return PlainTextResponse(why, 489, {"Upstash-NonRetryable-Error": "true"})


class Consumer:
    """The queue's side of the bot, for one message at a time."""

    def __init__(self, signature: QueueSignature, answers: Answers) -> None:
        self._signature = signature
        self._answers = answers

    async def receive(self, request: Request) -> Response:
        """POST: 200 when the message is answered or in other hands; 503, so that the queue
        retries, when it failed.
        """
        body = await request.body()
        try:
            if not await self._signature.is_genuine(request, body, CONSUMER_PATH):
                return PlainTextResponse("wrong signature", 401)
            message = parse_job(body)
            attempt = read_attempt(request)
            if message is None or attempt is None:
                return self._signature.give_up("not a message of this bot")
            sent = await self._answers.answer(message, attempt)
        except TryAgainError as error:
            LOG.warning("a message has to be delivered again: %r", error)
            return PlainTextResponse("try again", 503)
        return PlainTextResponse("answered" if sent else "already answered")
