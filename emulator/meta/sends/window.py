"""The time in which a page may write to a person: pure rules, counted from what they did last."""

from typing import Literal

from emulator.clock import DAY_S
from emulator.meta.graph.addressing import Refusal
from emulator.meta.graph.refusals import refusal
from emulator.meta.platform import PlatformName

WINDOW_S = DAY_S  # Messenger docs, "Messenger Platform Policy": 24-hour standard messaging window
AGENT_WINDOW_S = 7 * DAY_S  # Messenger docs, "Message Tags": HUMAN_AGENT

# Whether the three tags for events are still good for anything outside of the window: the docs
# announce their end without a date for all apps.
EventTags = Literal["refuse", "accept"]

# After a click on an ad that opens a conversation it may be open for longer; the same page.
AD_WINDOW_S = 7 * DAY_S

OUTSIDE_WINDOW = refusal(10, 2018278)
OUTSIDE_INSTAGRAM_WINDOW = refusal(10, 2534022)
OUTSIDE_WHATSAPP_WINDOW = refusal(131047)


def refuse_late(
    occasion: str,
    idle_s: float,
    *,
    event_tags: EventTags,
    platform: PlatformName = "messenger",
    window_s: float = WINDOW_S,
) -> Refusal | None:
    """What is wrong with a message to a person who did nothing for `idle_s` seconds.

    `occasion` is its messaging type or tag, on WhatsApp its type: templates can always be sent.
    After exactly 24 hours (`window_s`) the window is closed. No page says that utility messages
    depend on it.
    """
    if idle_s < window_s or occasion in ("UTILITY", "template"):
        return None
    if platform == "whatsapp":
        return OUTSIDE_WHATSAPP_WINDOW
    outside = OUTSIDE_INSTAGRAM_WINDOW if platform == "instagram" else OUTSIDE_WINDOW
    if occasion == "HUMAN_AGENT":
        return outside if idle_s >= AGENT_WINDOW_S else None
    if occasion in ("RESPONSE", "UPDATE") or event_tags == "refuse":
        return outside
    return None
