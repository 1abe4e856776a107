"""More than a bot promises to let through: one user who does not stop writing, and many users in
one hour.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from emulator.clock import VIRTUAL_EPOCH
from emulator.meta import UserMessage
from emulator.meta.delivery.product import PRODUCTS
from emulator.schedule import Fifo
from harness.platforms import PlatformName
from harness.profile import Profile
from harness.scenarios.conversation import SETTLE_S, Conversation, settled
from harness.scenarios.scenario import MakeSchedule, Record, Scenario, record_of
from harness.stage import Stage

MINUTE_S, HOUR_S = 60.0, 3_600.0

# One user's messages, evenly over a minute that the end of a calendar minute lies in: a bot that
# counts by calendar minutes lets twice as much through there.
FLOOD_MESSAGES = 30
FLOOD_EXCESS = 0.5
FLOOD_S = 58.0

# How much of an hour's limit is written before the breaker has to open, and by how much the rest
# exceeds it.
SPENT_EARLY = 0.75
OVERRUN_EXCESS = 0.05
OVERRUN_LEAST = 5
BETWEEN_USERS_S = 0.2
NEW_MESSAGES = 5
# Fewer messages in an hour leave no room for what was held and what is new when the early ones are
# an hour old.
LEAST_ROOM = 2 * (OVERRUN_LEAST + NEW_MESSAGES)
# Seconds: a bot may count whole minutes.
COUNTS_LAG_S = 60.0


def flood_size(most: int) -> int:
    """How many messages exceed a limit of `most` a minute well."""
    return max(FLOOD_MESSAGES, math.ceil(most * (1 + FLOOD_EXCESS)))


def overrun_size(most: int, each: int) -> int:
    """How many messages of `each` publishes exceed a limit of `most` an hour."""
    return most // each + max(OVERRUN_LEAST, math.ceil(most / each * OVERRUN_EXCESS))


def play_flood(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Conversation:
    """One user writes more in a minute than the bot answers in one."""
    most = stage.profile.limits.messages_per_user_minute
    assert most is not None
    size = flood_size(most)
    with stage.world(copies=2, schedule=schedule, epoch=_border(FLOOD_S / 2, MINUTE_S)) as world:
        messages = [
            world.meta.message(f"hello {number}", sender="ada", at=FLOOD_S * number / (size - 1))
            for number in range(size)
        ]
        return settled(world, name, messages)


@dataclass(frozen=True, slots=True)
class Overrun:
    """What one run left behind.

    `early` messages stayed below the hour's limit, `late` ones exceeded it, and `new` ones were
    written when the breaker had had its time to recover. All were to be answered by `deadline`
    (seconds of the clock).
    """

    name: str
    record: Record
    early: tuple[UserMessage, ...]
    late: tuple[UserMessage, ...]
    new: tuple[UserMessage, ...]
    deadline: float

    @property
    def messages(self) -> tuple[UserMessage, ...]:
        return (*self.early, *self.late, *self.new)


def play_overrun(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Overrun:
    """Many users, each with one message.

    Most of the hour's limit is spent early, and leaves the sliding hour when the breaker has had
    its time: from then on there is room, however a bot counts. In between ends a calendar hour.
    """
    most, recovery_s = _breaker(stage.profile)
    each = stage.profile.expect.publishes
    size, early = overrun_size(most, each), round(most / each * SPENT_EARLY)
    opens_at = HOUR_S - recovery_s
    early_s = min(BETWEEN_USERS_S * early, opens_at / 2)
    late_s = BETWEEN_USERS_S * (size - early)
    new_at = opens_at + recovery_s + max(early_s, late_s) + COUNTS_LAG_S
    border = (early_s + opens_at) / 2
    with stage.world(copies=1, schedule=schedule, epoch=_border(border, HOUR_S)) as world:

        def write(first: int, last: int, at: float, during_s: float) -> tuple[UserMessage, ...]:
            # Nobody writes twice, so a reply tells by its recipient what it answers.
            return tuple(
                world.meta.message(
                    f"hello {number}",
                    sender=f"user {number}",
                    at=at + during_s * (number - first) / (last - first),
                )
                for number in range(first, last)
            )

        groups = (
            write(0, early, 0.0, early_s),
            write(early, size, opens_at, late_s),
            write(size, size + NEW_MESSAGES, new_at, BETWEEN_USERS_S * NEW_MESSAGES),
        )
        world.run_until(new_at + SETTLE_S)
        room_at = new_at + recovery_s
        deadline = room_at + redelivered_within_s(stage.platform, room_at)
        return Overrun(name, record_of(world), *groups, deadline)


def redelivered_within_s(platform: PlatformName, after_s: float) -> float:
    """How long it takes at most until what the bot refused comes again, once it has been refused
    for up to `after_s` seconds: the longest wait between two attempts until then.
    """
    pairs = pairwise(PRODUCTS[platform].redelivery_s)
    return max(later - sooner for sooner, later in pairs if sooner <= after_s)


def _breaker(profile: Profile) -> tuple[int, float]:
    limits = profile.limits
    assert limits.publishes_per_hour is not None
    assert limits.breaker_recovery_s is not None
    return limits.publishes_per_hour, limits.breaker_recovery_s


def _border(at: float, period_s: float) -> float:
    """The epoch of a world (unix seconds) in which a calendar period ends `at` seconds of the
    clock.
    """
    return math.ceil(VIRTUAL_EPOCH / period_s) * period_s + period_s - at


FLOOD = Scenario("flood", "one user writes without end", ("one user",), play_flood, effort=0.4)
OVERRUN = Scenario(
    "overrun", "more users than an hour has room for", ("many users",), play_overrun, effort=0.5
)
