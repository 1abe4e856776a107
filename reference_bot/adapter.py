"""What the bot has to know of a platform: where its webhooks hold messages, and how a reply is
sent. Everything else is the same on all of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reference_bot.message import Message, Platform


@dataclass(frozen=True, slots=True)
class Adapter:
    """One platform. `told_as` is the `object` of its webhooks.

    `read` finds the texts of users in one entry of a webhook, and gives None for what turns out to
    be none. `path` and `body` make the Graph API's request for a reply, whose text `cut` makes as
    short as the platform wants it.
    """

    platform: Platform
    told_as: str
    read: Callable[[Mapping[str, Any]], Iterator[Message | None]]
    path: Callable[[Message], str]
    body: Callable[[Message, str], Mapping[str, object]]
    cut: Callable[[str], str]


def at_most(characters: int) -> Callable[[str], str]:
    """Cuts texts after so many characters."""
    return lambda text: text[:characters]
