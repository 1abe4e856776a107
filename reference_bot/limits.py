"""At most ten replies to one user in any minute, as arithmetic on reply times. It stores nothing
and knows no clock.
"""

import math
from collections.abc import Iterable

REPLIES = 10  # incident report, recommendation: messages per user and minute
WINDOW_S = 60.0
MARGIN_S = 2.0  # how much later than planned a reply may come without crowding the tenth after it


def next_slot(slots: Iterable[float], now: float) -> float:
    """When the next reply to this user may be sent (unix seconds), given when the latest ones were
    or will be.

    The tenth reply before it must lie a window back. The first ten of a burst are therefore not
    delayed at all, and no sliding minute holds more than ten; counting by the clock's minute would
    let twenty through around its end. A wait is in whole seconds, because the queue's delays are.
    """
    latest = sorted(slots)
    if len(latest) < REPLIES:
        return now
    return now + max(0, math.ceil(latest[-REPLIES] + WINDOW_S + MARGIN_S - now))


def remember(slots: Iterable[float], slot: float) -> list[float]:
    """The reply times to keep: the latest ten, which is all that `next_slot` looks at."""
    return sorted([*slots, slot])[-REPLIES:]
