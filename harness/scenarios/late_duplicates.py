"""The platform sends a webhook again long after it was answered: duplicates do not expire."""

from emulator.delivery import Delivery
from emulator.schedule import Fifo
from harness.scenarios.conversation import Conversation, copy_number, settled
from harness.scenarios.scenario import MakeSchedule, Scenario
from harness.stage import Stage

# Seconds after the first: while the user still waits, after the rate limit's minute, past the ten
# minutes in which the queue recognizes a deduplication id (QStash docs, "Deduplication"), and at
# the end of the hour in which the platform tries.
LATER_S = (1.0, 60.0, 660.0, 3_540.0)


def play_late_duplicates(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Conversation:
    """Two webhooks, one of them with two messages, and each of them four times again."""

    def anew(delivery: Delivery) -> str:
        # By then the instance that handled the one before may well be gone.
        number = copy_number(delivery)
        return f"copy {number}" if number is not None else delivery.kind

    with stage.world(copies=1, schedule=schedule, placement=anew) as world:
        single = world.meta.message("hello", sender="ada", at=0.0)
        batch = world.meta.batch(("how are you?", "hello"), sender="ben", at=5.0)
        for message in (single, batch[0]):
            for later_s in LATER_S:
                world.meta.repeat(message, at=message.at + later_s)
        return settled(world, name, [single, *batch])


LATE_DUPLICATES = Scenario(
    "late-duplicates",
    "webhooks delivered again up to 59 minutes later",
    ("repeated",),
    play_late_duplicates,
)
