"""Sending a reply to a user with the Graph API, which all platforms share."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from reference_bot.client import HttpClient
from reference_bot.errors import TryAgainError
from reference_bot.message import Message, Platform
from reference_bot.platforms import ADAPTERS

SEND_LIMIT_S = 8.0


class SendError(TryAgainError):
    """The platform did not take a reply, or nobody knows whether it did."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a platform's Graph API is, and the token for it."""

    url: str
    token: str


class Replies:
    """The bot's accounts on its platforms."""

    def __init__(self, http: HttpClient, senders: Mapping[Platform, Sender]) -> None:
        self._http = http
        self._senders = senders

    async def send(self, message: Message) -> None:
        """Answer a message. Raises SendError.

        There is no idempotency key: a send that timed out may have arrived, and repeating it may
        show the user the same reply twice. The bot repeats it, because a lost answer is worse than
        a double one.
        """
        sender, adapter = self._senders.get(message.platform), ADAPTERS[message.platform]
        if sender is None:
            raise SendError(f"the bot has no token for {message.platform} any more")
        # In a header rather than in the query, where the token would end up in everybody's access
        # logs.
        headers = {"Authorization": f"Bearer {sender.token}", "Content-Type": "application/json"}
        content = json.dumps(adapter.body(message, reply_text(message))).encode()
        url = sender.url.rstrip("/") + adapter.path(message)
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                response = await self._http.request("POST", url, headers=headers, content=content)
        except (httpx.HTTPError, TimeoutError) as error:
            raise SendError(f"the platform did not answer: {error!r}") from error
        if not response.is_success:
            raise SendError(f"the platform refused a reply: {response.status_code}")


def reply_text(message: Message) -> str:
    """What the bot says, no longer than the platform lets it be: a reply it refuses would be
    retried in vain.
    """
    return ADAPTERS[message.platform].cut(f"You said: {message.text}")
