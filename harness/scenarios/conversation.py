"""A few user messages, whatever the world did to them, and what the journal says came of it."""

import re
from dataclasses import dataclass

from emulator import World
from emulator.delivery import Delivery
from emulator.meta import UserMessage
from harness.scenarios.scenario import Record, record_of

# Seconds. Every delay of a bot, every wait of the queue's retries (12 s, 148 s, 30 min by default)
# and every duplicate of a webhook is over by then.
SETTLE_S = 3 * 3_600.0

_COPY = re.compile(r"\.w(\d+)")


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one run left behind, where nothing but the journal is needed to judge it."""

    name: str
    record: Record
    messages: tuple[UserMessage, ...]


def settled(
    world: World, name: str, messages: list[UserMessage], *, until_s: float = SETTLE_S
) -> Conversation:
    """Let everything happen that is going to until then, and keep it."""
    world.run_until(until_s)
    return Conversation(name, record_of(world), tuple(messages))


def copy_number(delivery: Delivery) -> int | None:
    """Which copy of its webhook a delivery is, however often that copy was tried; None for what is
    no webhook of a user message.
    """
    if delivery.kind not in ("user", "redelivery"):
        return None
    found = _COPY.search(delivery.name)
    return int(found[1]) if found is not None else None
