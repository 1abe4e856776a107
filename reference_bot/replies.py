"""Sending a reply to a user with the platform's Graph API."""

import asyncio
import json

import httpx

from reference_bot.client import HttpClient
from reference_bot.errors import TryAgainError
from reference_bot.message import TEXT_LIMIT, Message

SEND_LIMIT_S = 8.0


class SendError(TryAgainError):
    """The platform did not take a reply, or nobody knows whether it did."""


class Replies:
    """The Send API of one page."""

    def __init__(self, http: HttpClient, *, url: str, token: str) -> None:
        self._http = http
        self._url = f"{url.rstrip('/')}/me/messages"
        # In a header rather than in the query, where the token would end up in everybody's access
        # logs.
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def send(self, message: Message) -> None:
        """Answer a message. Raises SendError.

        There is no idempotency key: a send that timed out may have arrived, and repeating it may
        show the user the same reply twice. The bot repeats it, because a lost answer is worse than
        a double one.
        """
        body = {
            "messaging_type": "RESPONSE",
            "recipient": {"id": message.sender},
            "message": {"text": reply_text(message)},
        }
        content = json.dumps(body).encode()
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                response = await self._http.request(
                    "POST", self._url, headers=self._headers, content=content
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise SendError(f"the platform did not answer: {error!r}") from error
        if not response.is_success:
            raise SendError(f"the platform refused a reply: {response.status_code}")


def reply_text(message: Message) -> str:
    """What the bot says, no longer than the platform lets it be: a reply it refuses would be
    retried in vain.
    """
    return f"You said: {message.text}"[:TEXT_LIMIT]
