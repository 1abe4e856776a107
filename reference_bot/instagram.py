"""Instagram: webhooks of the form that Messenger's have, and its Send API."""

from collections.abc import Iterator, Mapping
from typing import Any

from reference_bot.adapter import Adapter
from reference_bot.message import Message
from reference_bot.messaging import read_texts

# Bytes, not characters; Instagram Platform docs, "Send a message". An emoji counts as four.
TEXT_LIMIT_BYTES = 1000


def _read(entry: Mapping[str, Any]) -> Iterator[Message | None]:
    return read_texts(entry, "instagram", entry.get("id"))


def _path(message: Message) -> str:
    return f"/{message.account}/messages"


def _body(message: Message, text: str) -> Mapping[str, object]:
    return {"recipient": {"id": message.sender}, "message": {"text": text}}


def _cut(text: str) -> str:
    return text.encode()[:TEXT_LIMIT_BYTES].decode(errors="ignore")


INSTAGRAM = Adapter("instagram", "instagram", _read, _path, _body, _cut)
