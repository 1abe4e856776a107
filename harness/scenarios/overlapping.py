"""Messages that overlap, twice as many each time, of one user and of as many users: what is in
contract for one message may feed on others.
"""

from dataclasses import dataclass

from emulator.journal import Entry
from emulator.meta import UserMessage
from emulator.schedule import Fifo
from harness.scenarios.conversation import SETTLE_S
from harness.scenarios.scenario import MakeSchedule, Record, Scenario, record_of
from harness.stage import Stage

# How many messages, and of how many users; each group when the one before is long done.
GROUPS = ((1, 1), (2, 1), (4, 1), (8, 1), (2, 2), (4, 4), (8, 8))
BETWEEN_GROUPS_S = 600.0
# Seconds: far less than it takes to answer a message.
GAP_S = 0.05


@dataclass(frozen=True, slots=True)
class Group:
    """Messages that were written together, by so many users."""

    messages: tuple[UserMessage, ...]
    users: int


@dataclass(frozen=True, slots=True)
class Overlapping:
    """What one run left behind; the messages in `cut` would have gone on causing deliveries, had
    thrice not ended it.
    """

    name: str
    record: Record
    groups: tuple[Group, ...]
    cut: frozenset[str]

    def made_for(self, group: Group) -> list[Entry]:
        """The publishes that these messages had a part in."""
        roots = {message.root for message in group.messages}
        return [one for one in self.record.of("publish") if not roots.isdisjoint(one.roots)]


def play_overlapping(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Overlapping:
    """One group after the other, each webhook twice."""
    # All in one world: cold starts are what costs most here.
    with stage.world(copies=2, schedule=schedule) as world:
        groups = tuple(
            Group(
                tuple(
                    world.meta.message(
                        f"hello {number}",
                        sender=f"user {turn}.{number % users}",
                        at=BETWEEN_GROUPS_S * turn + GAP_S * number,
                    )
                    for number in range(size)
                ),
                users,
            )
            for turn, (size, users) in enumerate(GROUPS)
        )
        world.run_until(BETWEEN_GROUPS_S * len(GROUPS) + SETTLE_S)
        return Overlapping(name, record_of(world), groups, frozenset(world.kernel.cut))


OVERLAPPING = Scenario(
    "overlapping",
    "1, 2, 4 and 8 messages that overlap",
    ("doubling",),
    play_overlapping,
    effort=0.5,
)
