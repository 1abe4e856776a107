"""Messenger: the page's webhooks, and the Send API."""

from collections.abc import Iterator, Mapping
from typing import Any

from reference_bot.adapter import Adapter, at_most
from reference_bot.message import Message
from reference_bot.messaging import read_texts

TEXT_LIMIT = 2000  # characters; Messenger Platform docs, "Send API"


def _read(entry: Mapping[str, Any]) -> Iterator[Message | None]:
    return read_texts(entry, "messenger")


def _path(message: Message) -> str:
    return "/me/messages"


def _body(message: Message, text: str) -> Mapping[str, object]:
    return {
        "messaging_type": "RESPONSE",
        "recipient": {"id": message.sender},
        "message": {"text": text},
    }


MESSENGER = Adapter("messenger", "page", _read, _path, _body, at_most(TEXT_LIMIT))
