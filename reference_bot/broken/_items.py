"""What some of the broken bots read of a webhook: its items, whatever they are."""

from collections.abc import Iterator
from typing import Any

from reference_bot.untrusted import load, mappings


def webhook_items(body: bytes, told_as: str = "page") -> Iterator[tuple[object, dict[str, Any]]]:
    """The items in all entries of a page's webhook, or of another `object`, each with the id of its
    entry; none when the body is odd.
    """
    payload = load(body)
    if payload.get("object") == told_as:
        for entry in mappings(payload.get("entry")):
            for item in mappings(entry.get("messaging")):
                yield entry.get("id"), item
