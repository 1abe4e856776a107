"""How often an app may call, as the platform's pages say: data."""

from collections.abc import Mapping
from typing import NamedTuple

from emulator.clock import DAY_S
from emulator.meta.platform import PlatformName


class Rate(NamedTuple):
    """So many calls (for each user, if so) in a window; beyond, the error `code`."""

    name: str
    calls: int
    window_s: float
    code: int
    per_user: bool = False


# Graph API docs, "Rate Limiting": 200 times the daily users in a rolling hour.
APP_CALLS = Rate("app", 200, 3600.0, 4, per_user=True)

# The same page, business use cases, in a rolling day for each engaged user; for WhatsApp in a
# rolling hour for an account that is in use, of calls that are no messages.
BUSINESS_CALLS: Mapping[PlatformName, Rate] = {
    "messenger": Rate("messenger", 200, DAY_S, 80006, per_user=True),
    "instagram": Rate("instagram", 200, DAY_S, 80002, per_user=True),
    "whatsapp": Rate("whatsapp", 5000, 3600.0, 80008),
}

# Graph API docs, "Rate Limiting", before there were business use cases: of a page in a rolling day.
# The limit of Messenger is reached long before it, so that this one is told of only.
PAGE_CALLS = Rate("page", 4800, DAY_S, 32, per_user=True)

# Messenger docs, "Rate Limits"; that these are answered with 613 is assumed.
TEXT_SENDS = Rate("text", 300, 1.0, 613)
MEDIA_SENDS = Rate("media", 10, 1.0, 613)
CONVERSATION_READS = Rate("conversations", 2, 1.0, 613)
PRIVATE_REPLIES = Rate("private replies", 750, 3600.0, 613)
LIVE_REPLIES = Rate("private replies to live comments", 100, 1.0, 613)
# Of a page; beyond, its inbox shows nothing new.
INBOX_SENDS = Rate("inbox", 40, 1.0, 613)

# Messenger docs, "Messenger Profile API", of one page.
PROFILE_CALLS = Rate("messenger_profile", 10, 600.0, 613)

# WhatsApp docs, "Throughput" and "Error codes": messages a second of one number, and one message in
# six seconds to one person (that a burst can borrow from what comes after it is left out).
NUMBER_SENDS = Rate("throughput", 80, 1.0, 130429)
PAIR_SENDS = Rate("pair", 1, 6.0, 131056)

RATES = (
    *(APP_CALLS, *BUSINESS_CALLS.values(), TEXT_SENDS, MEDIA_SENDS, CONVERSATION_READS),
    *(PRIVATE_REPLIES, LIVE_REPLIES, INBOX_SENDS, PROFILE_CALLS, NUMBER_SENDS, PAIR_SENDS),
)

_OF_EDGES: Mapping[str, Rate] = {
    "conversations": CONVERSATION_READS,
    "private_replies": PRIVATE_REPLIES,
    "live_replies": LIVE_REPLIES,
    "messenger_profile": PROFILE_CALLS,
}


def sends_of(platform: PlatformName, kind: str, edge: str) -> Rate:
    """The rate that a send of this kind, or a call of this edge, counts for."""
    if edge:
        return _OF_EDGES[edge]
    if platform == "whatsapp":
        return NUMBER_SENDS
    return MEDIA_SENDS if kind in ("audio", "video") else TEXT_SENDS
