"""Copies of a webhook, one after the other, on every possible choice of instances. Nothing is
concurrent: what fails here trusts its memory.
"""

from emulator import World
from emulator.delivery import Delivery
from emulator.schedule import Fifo
from harness.scenarios.conversation import Conversation, copy_number, settled
from harness.scenarios.scenario import MakeSchedule, Scenario
from harness.stage import Stage

# All partitions of three copies, one message each: equal letters are the same instance.
PARTITIONS = ("aaa", "aab", "aba", "abb", "abc")
# Seconds; long enough for one copy to be answered before the next one comes, also by a bot that
# takes its time.
BETWEEN_COPIES_S = 8.0
BETWEEN_MESSAGES_S = 120.0
# Seconds: all that ran before is gone, told in time or not.
RECYCLE_AT_S = 2 * BETWEEN_MESSAGES_S - 10.0
KILL_AT_S = 4 * BETWEEN_MESSAGES_S - 10.0


def play_cold_instances(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Conversation:
    """A message for each partition of its copies; in between the platform retires all instances,
    and later kills them.
    """
    partitions: dict[str, str] = {}

    def place(delivery: Delivery) -> str | None:
        if delivery.kind == "queue":
            # Webhook and consumer may well be two functions.
            return "queue"
        number = copy_number(delivery)
        return partitions[delivery.roots[0]][number] if number is not None else None

    with stage.world(copies=1, schedule=schedule, placement=place) as world:
        messages = []
        for number, partition in enumerate(PARTITIONS):
            at = BETWEEN_MESSAGES_S * number
            message = world.meta.message(f"hello {partition}", sender="ada", at=at)
            partitions[message.root] = partition
            for copy in range(1, len(partition)):
                world.meta.repeat(message, at=at + BETWEEN_COPIES_S * copy)
            messages.append(message)
        world.kernel.at(RECYCLE_AT_S, "recycle-all", lambda: _recycle_all(world))
        world.kernel.at(KILL_AT_S, "kill-all", lambda: _kill_all(world))
        return settled(world, name, messages)


def _recycle_all(world: World) -> None:
    for instance in list(world.host.instances.values()):
        if instance.at_rest:
            world.host.recycle(instance.name)


def _kill_all(world: World) -> None:
    for instance in list(world.host.instances.values()):
        if instance.at_rest:
            world.host.kill(instance.name)


COLD_INSTANCES = Scenario(
    "cold-instances",
    "copies spread over instances in every way",
    ("every partition",),
    play_cold_instances,
)
