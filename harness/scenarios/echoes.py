"""Everything that the platform tells a bot and that is no message of a user."""

from dataclasses import dataclass
from typing import Any

from emulator.meta import Event, UserMessage
from emulator.meta.platform import FIELDS
from emulator.schedule import Fifo
from harness.scenarios.conversation import SETTLE_S
from harness.scenarios.scenario import MakeSchedule, Record, Scenario, record_of
from harness.stage import Stage

# Seconds: when the users look at what the bot has answered, what they think of it, and when they
# write to somebody else on the same page.
READ_AT_S = 60.0
REACT_AT_S = 90.0
STANDBY_AT_S = 120.0
# When the rest of it happens, one after the other.
OTHERS_AT_S = 180.0
OTHERS_GAP_S = 5.0
# What nobody says anything with. A bot may well welcome who came by a link, thank for an order, or
# answer an edited message anew.
UNANSWERABLE: frozenset[Event] = frozenset(
    {"unsend", "handover", "policy", "read", "receipt", "echo", "system", "error"}
)


@dataclass(frozen=True, slots=True)
class Echoes:
    """What one run left behind; `events` are what happened that is no message to the bot."""

    name: str
    record: Record
    messages: tuple[UserMessage, ...]
    events: tuple[UserMessage, ...]


def play_echoes(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Echoes:
    """Messages of two users, for an account with every field subscribed."""
    with stage.world(copies=1, schedule=schedule, fields=FIELDS[stage.platform]) as world:
        messages = [
            world.meta.message("hello", sender="ada", at=0.0),
            world.meta.message("how are you?", sender="ada", at=0.5),
            world.meta.message("hello", sender="ben", at=1.0),
        ]
        for sender in ("ada", "ben"):
            world.meta.open_thread(sender, at=READ_AT_S)
        events = [
            world.meta.react(messages[0], at=REACT_AT_S),
            world.meta.react(messages[0], action="unreact", at=REACT_AT_S + 5.0),
        ]
        if "standby" in FIELDS[stage.platform]:
            events += [
                world.meta.standby("is anybody there?", sender="ada", at=STANDBY_AT_S),
                world.meta.standby("hello", sender="cleo", at=STANDBY_AT_S),
            ]
        others = [kind for kind in world.meta.dialect.items.values() if kind.event in UNANSWERABLE]
        for number, kind in enumerate(others):
            at = OTHERS_AT_S + OTHERS_GAP_S * number
            details: dict[str, Any] = dict(kind.sample)
            events.append(world.meta.happen(kind.name, sender="ada", at=at, **details))

        def react_to_replies() -> None:
            events.extend([world.meta.react(sent, "like") for sent in list(world.meta.sent)[:2]])

        world.kernel.at(REACT_AT_S + 10.0, "react-to-replies", react_to_replies)
        world.run_until(SETTLE_S)
        return Echoes(name, record_of(world), tuple(messages), tuple(events))


ECHOES = Scenario(
    "echoes",
    "echoes, receipts, reactions, and what else is no message",
    ("all fields",),
    play_echoes,
)
