"""The time in which a page may write to a person: pure rules, counted from what they did last."""

from typing import Literal

from emulator.clock import DAY_S
from emulator.meta.graph import Refusal

WINDOW_S = DAY_S  # Messenger docs, "Messenger Platform Policy": 24-hour standard messaging window
AGENT_WINDOW_S = 7 * DAY_S  # Messenger docs, "Message Tags": HUMAN_AGENT

# Whether the three tags for events are still good for anything outside of the window: the docs
# announce their end without a date for all apps.
EventTags = Literal["refuse", "accept"]

# Seen with HTTP 400 in reports of clients.
OUTSIDE_WINDOW = Refusal(
    10, "(#10) This message is sent outside of allowed window.", subcode=2018278
)


def refuse_late(occasion: str, idle_s: float, *, event_tags: EventTags) -> Refusal | None:
    """What is wrong with a message to a person who did nothing for `idle_s` seconds.

    `occasion` is its messaging type or tag. After exactly 24 hours the window is closed. No page
    says that utility messages depend on it.
    """
    if idle_s < WINDOW_S or occasion == "UTILITY":
        return None
    if occasion == "HUMAN_AGENT":
        return OUTSIDE_WINDOW if idle_s >= AGENT_WINDOW_S else None
    if occasion in ("RESPONSE", "UPDATE") or event_tags == "refuse":
        return OUTSIDE_WINDOW
    return None
