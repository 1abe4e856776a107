"""A user's text message, and how it is found in what the platform sends. Nothing here trusts the
shape of the input.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TEXT_LIMIT = 2000  # Messenger Platform docs, "Send API": longest text of one message, in characters
ID_LIMIT = 1024  # characters; real message ids have up to about 170

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,255}")


def safe_key(name: str) -> str:
    """An id that may stand anywhere: in a Firestore path (no `/`, no `__x__`), in a deduplication
    id (no `:`), in a URL.

    The platform's own ids pass unchanged, which keeps dashboards readable; whatever else comes is
    hashed.
    """
    if _PLAIN.fullmatch(name):
        return name
    return "sha256-" + hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Message:
    """One text message of one user. `mid` is the platform's id of it, the same in every
    redelivery.
    """

    mid: str
    sender: str
    text: str

    @property
    def key(self) -> str:
        """The message's name in the store and in the queue, made of nothing but the mid.

        A hash of the whole webhook would not do: a redelivery may carry another `time`, or come in
        another batch.
        """
        return safe_key(self.mid)

    @property
    def sender_key(self) -> str:
        """The user's name in the store."""
        return safe_key(self.sender)

    def as_job(self) -> dict[str, str]:
        """The body of the queue message."""
        return {"mid": self.mid, "sender": self.sender, "text": self.text}


def make_message(mid: object, sender: object, text: object) -> Message | None:
    """A message, or None when these are not the parts of one."""
    if not (_is_id(mid) and _is_id(sender) and isinstance(text, str) and text):
        return None
    # Half a surrogate pair is legal in JSON but can not be encoded again; a longer text could not
    # be quoted back.
    readable = text.encode("utf-8", "replace").decode()
    return Message(str(mid), str(sender), readable[:TEXT_LIMIT])


def parse_job(body: bytes) -> Message | None:
    """The message in the body of a queue delivery, or None when the body is not ours."""
    job = _load(body)
    return make_message(job.get("mid"), job.get("sender"), job.get("text"))


def parse_webhook(body: bytes) -> list[Message]:
    """The text messages of users in a webhook, each once, in order.

    Every entry and every item is looked at, since the platform batches under load. Echoes of the
    bot's own replies, stand-by events, receipts, reactions and whatever else is not understood are
    left out.
    """
    found: dict[str, Message] = {}
    for page, item in webhook_items(body):
        message = _from_item(page, item)
        if message is not None:
            found.setdefault(message.mid, message)
    return list(found.values())


def webhook_items(body: bytes) -> Iterator[tuple[object, dict[str, Any]]]:
    """The items in all entries of a page's webhook, each with the id of its entry; none when the
    body is odd.
    """
    payload = _load(body)
    if payload.get("object") == "page":
        for entry in _mappings(payload.get("entry")):
            for item in _mappings(entry.get("messaging")):
                yield entry.get("id"), item


def _from_item(page: object, item: Mapping[str, Any]) -> Message | None:
    content, sender = item.get("message"), item.get("sender")
    if not isinstance(content, dict) or not isinstance(sender, dict):
        return None
    # An echo carries the page as its sender; answering one would be answering oneself.
    if content.get("is_echo") or sender.get("id") == page:
        return None
    return make_message(content.get("mid"), sender.get("id"), content.get("text"))


def _load(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):  # bad UTF-8 and endless digits are ValueErrors too
        return {}
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _is_id(value: object) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= ID_LIMIT:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)
