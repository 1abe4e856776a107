"""The form of webhooks that Messenger and Instagram share: entries with `messaging` items."""

from collections.abc import Iterator, Mapping
from typing import Any

from reference_bot.message import Message, Platform, make_message
from reference_bot.untrusted import mapping, mappings


def read_texts(
    entry: Mapping[str, Any], platform: Platform, account: object = ""
) -> Iterator[Message | None]:
    """The texts of users in an entry, written to `account`.

    Nothing else has what it takes: receipts, reactions, edits and postbacks have no `message`; one
    that was unsent or is not supported has no text; stand-by events and comments are not among the
    `messaging` items.
    """
    for item in mappings(entry.get("messaging")):
        content, sender = mapping(item.get("message")), mapping(item.get("sender")).get("id")
        # An echo carries the page, or the account, as its sender; answering one would be answering
        # oneself. Instagram sends echoes to everybody who is told of messages.
        if not content.get("is_echo") and sender != entry.get("id"):
            yield make_message(content.get("mid"), sender, content.get("text"), platform, account)
