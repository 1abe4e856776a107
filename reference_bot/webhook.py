"""What the platform calls: the handshake, and the webhook, which hands on messages and answers."""

import asyncio
import hashlib
import hmac
import logging

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reference_bot.claims import Claim, Claims, Hold
from reference_bot.errors import TryAgainError
from reference_bot.message import Message
from reference_bot.platforms import parse_webhook
from reference_bot.publisher import Publisher
from reference_bot.settings import CONSUMER_PATH, RELEASE_PATH, Settings

LOG = logging.getLogger(__name__)

ANSWER_WITHIN_S = 4.5  # Messenger Platform docs, "Webhooks": 200 within 5 seconds


def sign(app_secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for a body, byte for byte as it is on the wire."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


class Webhook:
    """The platform's side of the bot."""

    def __init__(self, settings: Settings, claims: Claims, publisher: Publisher) -> None:
        self._settings = settings
        self._claims = claims
        self._publisher = publisher

    async def handshake(self, request: Request) -> Response:
        """GET: echo the challenge to whoever knows the verify token, and to nobody else."""
        query = request.query_params
        token = query.get("hub.verify_token", "")
        known = hmac.compare_digest(token.encode(), self._settings.verify_token.encode())
        if not known or query.get("hub.mode") != "subscribe":
            return PlainTextResponse("wrong verify token", 403)
        return PlainTextResponse(query.get("hub.challenge", ""))

    async def receive(self, request: Request) -> Response:
        """POST: 200 when every message is, or was, with the queue, or is held with its release in
        the queue; 503 for a redelivery when not.

        A 200 in spite of a failure would lose the message for good: nobody would send it again.
        """
        body = await request.body()
        if not self._is_genuine(request, body):
            return PlainTextResponse("wrong signature", 403)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self.handle(body)
        except (TryAgainError, TimeoutError) as error:
            LOG.warning("a webhook has to be delivered again: %r", error)
            return PlainTextResponse("try again", 503)
        # What is not understood gets a 200 too: it would not be understood the next time either.
        return PlainTextResponse("EVENT_RECEIVED")

    async def handle(self, body: bytes) -> None:
        """Accept each message of a genuine webhook, or raise TryAgainError.

        One after the other, and no further after a failure: what failed for one message would most
        likely fail for the next, a service in trouble is not helped by more calls, and the
        redelivery brings all of them again.
        """
        for message in parse_webhook(body, self._settings.platforms):
            await self.accept(message)

    async def accept(self, message: Message) -> None:
        """See to it that the queue has this message once, or its release, or raise
        TryAgainError.
        """
        duty = await self._claims.claim(message)
        if isinstance(duty, Hold):
            await self._schedule_release(duty)
        elif duty is not None:
            await self.hand_over(message, duty)

    async def hand_over(self, message: Message, claim: Claim) -> None:
        """Publish a message and note it.

        Awaited before the response: right after it, a serverless host freezes the bot.
        """
        await self._publisher.publish(
            CONSUMER_PATH, message.as_job(), deduplication_id=message.key, delay_s=claim.delay_s
        )
        await self._claims.mark_published(claim)

    async def _schedule_release(self, hold: Hold) -> None:
        """Have the queue answer what is held. All who hold a message in these minutes do this; the
        deduplication id makes it one publish.
        """
        key = hold.release.key
        await self._publisher.publish(
            RELEASE_PATH, {"release": key}, deduplication_id=key, delay_s=hold.delay_s
        )

    def _is_genuine(self, request: Request, body: bytes) -> bool:
        given = request.headers.get("x-hub-signature-256", "")
        # As bytes: a header with other than ASCII characters makes the comparison of strings raise.
        return hmac.compare_digest(given.encode(), sign(self._settings.app_secret, body).encode())
