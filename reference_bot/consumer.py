"""What the queue calls: answers one message, once, however often it is delivered."""

import logging

from qstash import Receiver
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reference_bot.claims import Attempt, Claims
from reference_bot.errors import TryAgainError
from reference_bot.message import parse_job
from reference_bot.replies import Replies
from reference_bot.settings import CONSUMER_PATH, Settings

LOG = logging.getLogger(__name__)


class QueueSignature:
    """Tells the queue's own deliveries from anybody else's."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._receiver = Receiver(settings.current_signing_key, settings.next_signing_key)

    def is_genuine(self, request: Request, body: bytes, path: str) -> bool:
        """Whether the queue signed this body for this route.

        The address is the configured one, not the one in the request: behind a proxy they differ,
        and a token that was made for another route of the bot must not pass here.
        """
        try:
            self._receiver.verify(
                signature=request.headers.get("upstash-signature", ""),
                body=body.decode(),
                url=self._settings.address(path),
            )
        except Exception as error:  # a token can be odd in more ways than SignatureError covers
            LOG.info("a delivery without a valid signature: %s", type(error).__name__)
            return False
        return True


class Consumer:
    """The queue's side of the bot: no webhook of its own is called from here, and nothing is
    published.
    """

    def __init__(self, signature: QueueSignature, claims: Claims, replies: Replies) -> None:
        self._signature = signature
        self._claims = claims
        self._replies = replies

    async def receive(self, request: Request) -> Response:
        """POST: 200 when the message is answered or in other hands; 503, so that the queue
        retries, when it failed.
        """
        body = await request.body()
        if not self._signature.is_genuine(request, body, CONSUMER_PATH):
            return PlainTextResponse("wrong signature", 401)
        message = parse_job(body)
        owner = request.headers.get("upstash-message-id")
        if message is None or owner is None:
            # QStash docs, "Retry": straight to the dead letters, where somebody sees it; no retry
            # would help.
            headers = {"Upstash-NonRetryable-Error": "true"}
            return PlainTextResponse("not a message of this bot", 489, headers)
        try:
            turn = await self._claims.begin_answer(message, Attempt(owner, _retried(request)))
            if turn is None:
                return PlainTextResponse("already answered")
            await self._replies.send(message)
        except TryAgainError as error:
            LOG.warning("a message has to be delivered again: %r", error)
            return PlainTextResponse("try again", 503)
        await self._claims.mark_answered(turn)
        return PlainTextResponse("answered")


def _retried(request: Request) -> int:
    try:
        return int(request.headers.get("upstash-retried", "0"))
    except ValueError:
        return 0
