"""WhatsApp: the changes that a business account's webhooks tell of, and its Cloud API."""

from collections.abc import Iterator, Mapping
from typing import Any

from reference_bot.adapter import Adapter, at_most
from reference_bot.message import Message, make_message
from reference_bot.untrusted import mapping, mappings

TEXT_LIMIT = 4096  # characters; WhatsApp Cloud API docs, "Messages"


def _read(entry: Mapping[str, Any]) -> Iterator[Message | None]:
    """Only what is in `messages`: the `statuses` beside them tell of the bot's own sends, under the
    ids of these, and there are several for each.
    """
    for change in mappings(entry.get("changes")):
        value = mapping(change.get("value"))
        number = mapping(value.get("metadata")).get("phone_number_id")
        for item in mappings(value.get("messages")):
            # A reaction, a picture or what the platform can not show has another type.
            text = mapping(item.get("text")).get("body") if item.get("type") == "text" else None
            sender = item.get("from") or item.get("from_user_id")
            yield make_message(item.get("id"), sender, text, "whatsapp", number)


def _path(message: Message) -> str:
    """The number that was written to answers: an account may have several."""
    return f"/{message.account}/messages"


def _body(message: Message, text: str) -> Mapping[str, object]:
    # Somebody whose number the bot is not told is known by a user id, which is no number.
    key = "to" if message.sender.isdecimal() else "recipient"
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        key: message.sender,
        "type": "text",
        "text": {"body": text},
    }


WHATSAPP = Adapter(
    "whatsapp", "whatsapp_business_account", _read, _path, _body, at_most(TEXT_LIMIT)
)
