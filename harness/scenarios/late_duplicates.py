"""The platform sends a webhook again long after it was answered: duplicates do not expire."""

from collections.abc import Mapping

from emulator.clock import DAY_S
from emulator.delivery import Delivery
from emulator.meta.delivery.disturbance import NO_DISTURBANCE, Disturbance
from emulator.schedule import Fifo
from harness.platforms import PlatformName
from harness.scenarios.conversation import SETTLE_S, Conversation, copy_number, settled
from harness.scenarios.scenario import MakeSchedule, Scenario
from harness.stage import Stage

# Seconds after the first: while the user still waits, after the rate limit's minute, past the ten
# minutes in which the queue recognizes a deduplication id (QStash docs, "Deduplication"), and at
# the end of the hour in which the platform tries.
LATER_S = (1.0, 60.0, 660.0, 3_540.0)
HOUR_S = 3_600.0
# WhatsApp tries for seven days, and delivers to every app that is subscribed when one of them
# failed (WhatsApp docs, "Webhooks"): duplicates come to a healthy bot, too.
MUCH_LATER_S: Mapping[PlatformName, tuple[float, ...]] = {
    "whatsapp": (1.5 * DAY_S, 6.9 * DAY_S),
}

# Where the time of the sending is not told, so that a copy is the same to the byte, one that comes
# along with a newer message tells who knows messages by the whole body.
REGROUPED: frozenset[PlatformName] = frozenset({"whatsapp"})
REGROUPED_AT_S = 300.0


def play_late_duplicates(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Conversation:
    """Two webhooks, one of them with two messages, and each of them four times again or more."""
    later = (*LATER_S, *MUCH_LATER_S.get(stage.platform, ()))

    def anew(delivery: Delivery) -> str:
        # By then the instance that handled the one before may well be gone.
        number = copy_number(delivery)
        return f"copy {number}" if number is not None else delivery.kind

    with stage.world(copies=1, schedule=schedule, placement=anew) as world:
        single = world.meta.message("hello", sender="ada", at=0.0)
        batch = world.meta.batch(("how are you?", "hello"), sender="ben", at=5.0)
        for message in (single, batch[0]):
            for later_s in later:
                world.meta.repeat(message, at=message.at + later_s)
        messages = [single, *batch]

        def regroup() -> None:
            world.meta.repeat(batch[0], at=world.now)
            world.meta.courier.disturbance = Disturbance(with_previous=True)
            messages.append(world.meta.message("and now?", sender="cleo"))
            world.meta.courier.disturbance = NO_DISTURBANCE

        if stage.platform in REGROUPED:
            world.kernel.at(REGROUPED_AT_S, "regroup", regroup)
        return settled(world, name, messages, until_s=max(SETTLE_S, later[-1] + HOUR_S))


LATE_DUPLICATES = Scenario(
    "late-duplicates",
    "webhooks delivered again as late as the platform does",
    ("repeated",),
    play_late_duplicates,
)
