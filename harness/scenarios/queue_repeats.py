"""The queue delivers a message again: the answer got lost, it delivers twice as at-least-once
delivery may, or the instance died before it could answer.
"""

from collections import Counter
from collections.abc import Callable

from emulator import World
from emulator.delivery import Delivery
from emulator.errors import ScenarioError
from emulator.schedule import Fifo
from harness.scenarios.conversation import Conversation, settled
from harness.scenarios.scenario import MakeSchedule, Scenario
from harness.stage import Stage

TEXTS = ("hello", "how are you?")
GAP_S = 1.0
# When every message has been answered, delay or not, and when nobody thinks of it any more.
REDELIVER_AT_S = (60.0, 900.0)
# Before the answer to the first call of the consumer can be back, so that it has done nothing yet
# that others see, except if it sends the reply before it looks at anything.
DIES_AFTER_S = 0.01


class Deliveries:
    """Sees each delivery as it is placed; a further attempt of the queue goes to another instance,
    so that nothing but the store can know of the one before.
    """

    def __init__(self, on_first: Callable[[World, Delivery], None]) -> None:
        self._on_first = on_first
        self._seen: Counter[int] = Counter()
        self.world: World | None = None

    def place(self, delivery: Delivery) -> str:
        if delivery.kind != "queue" or self.world is None:
            return "webhook"
        self._seen[delivery.cause] += 1
        attempt = self._seen[delivery.cause]
        if attempt == 1:
            self._on_first(self.world, delivery)
        return f"attempt {attempt}"


def play_queue_repeats(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Conversation:
    """Two messages, of whose queue messages each is delivered more than once. `name` is the
    reason.
    """
    deliveries = Deliveries({"lost answer": _lose_answer, "killed": _kill}.get(name, _do_nothing))
    with stage.world(copies=1, schedule=schedule, placement=deliveries.place) as world:
        deliveries.world = world
        messages = [
            world.meta.message(text, sender="ada", at=GAP_S * number)
            for number, text in enumerate(TEXTS)
        ]
        if name == "delivered again":
            for at in REDELIVER_AT_S:
                world.kernel.at(at, f"redeliver-all/{at:g}", lambda: _redeliver_all(world))
        return settled(world, name, messages)


def _do_nothing(world: World, delivery: Delivery) -> None:
    """All goes well."""


def _lose_answer(world: World, delivery: Delivery) -> None:
    published = world.journal.entry(delivery.cause)
    if published is not None and published.kind == "publish":
        world.queue.lose_answer(str(published.detail["message_id"]))


def _kill(world: World, delivery: Delivery) -> None:
    def kill() -> None:
        for instance in list(world.host.instances.values()):
            if any(serves.delivery is delivery for serves in instance.serving):
                world.host.kill(instance.name)

    world.kernel.at(
        world.now + DIES_AFTER_S,
        delivery.name + "/kill",
        kill,
        roots=delivery.roots,
        task=delivery.name,
    )


def _redeliver_all(world: World) -> None:
    for published in list(world.journal.entries("publish")):
        try:
            world.queue.redeliver(str(published.detail["message_id"]))
        except ScenarioError:
            continue  # it never arrived, or it was cut: there is nothing to repeat


QUEUE_REPEATS = Scenario(
    "queue-repeats",
    "queue messages delivered more than once",
    ("lost answer", "delivered again", "killed"),
    play_queue_repeats,
)
