"""The same notification again, on a page whose bot takes everything."""

import gc
import json
import pickle
from collections.abc import Callable

import pytest

from emulator.delivery import Delivery
from emulator.errors import ScenarioError
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel
from emulator.meta import Messenger
from emulator.meta.delivery.courier import Webhook

URL = "https://bot.example/api/messenger"


class Bot:
    """Takes every webhook, and remembers when it came, under what name, and what it said."""

    def __init__(self, kernel: Kernel, status: int) -> None:
        self.kernel = kernel
        self.status = status
        self.seen: list[tuple[float, str]] = []
        self.deliveries: list[Delivery] = []
        self.bodies: list[bytes] = []

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        self.seen.append((self.kernel.clock.now, delivery.name))
        self.deliveries.append(delivery)
        self.bodies.append(request.body)
        done(Reply(self.status))


def make_world(*, copies: int = 3, status: int = 200) -> tuple[Kernel, Bot, Messenger]:
    kernel = Kernel()
    bot = Bot(kernel, status)
    kernel.origins["https://bot.example"] = bot
    return kernel, bot, Messenger(kernel, callback_url=URL, copies=copies)


def run(kernel: Kernel) -> None:
    while kernel.run_step():
        pass


def test_repeat__is_the_same_message_at_a_later_time() -> None:
    kernel, bot, messenger = make_world()
    message = messenger.message("hello")

    messenger.repeat(message, at=3600.0)
    run(kernel)

    assert bot.seen == [(0.0, "u0.w0"), (0.0, "u0.w1"), (0.0, "u0.w2"), (3600.0, "u0.w3")]
    first, again = (json.loads(body)["entry"][0] for body in (bot.bodies[0], bot.bodies[3]))
    assert again["messaging"] == first["messaging"]
    assert again["messaging"][0]["message"]["mid"] == message.mid
    assert (first["time"], again["time"]) == (1790000000000, 1790003600003)


def test_repeat__is_a_delivery_of_the_message() -> None:
    kernel, bot, messenger = make_world(copies=1)
    message = messenger.message("hello")

    messenger.repeat(message, at=60.0)
    run(kernel)

    first, again = bot.deliveries
    assert (again.kind, again.roots, again.generation) == ("user", ("u0",), 0)
    assert again.cause == first.cause
    assert len(list(kernel.journal.entries("message"))) == 1


def test_repeat__counts_on() -> None:
    kernel, bot, messenger = make_world(copies=1)
    message = messenger.message("hello")

    messenger.repeat(message, at=10.0, copies=2)
    messenger.repeat(message, at=5.0)
    run(kernel)
    messenger.repeat(message, at=20.0)
    run(kernel)

    assert bot.seen == [
        (0.0, "u0.w0"),
        (5.0, "u0.w3"),
        (10.0, "u0.w1"),
        (10.0, "u0.w2"),
        (20.0, "u0.w4"),
    ]


def test_repeat__of_a_message_yet_to_be_written() -> None:
    kernel, bot, messenger = make_world(copies=1)
    message = messenger.message("hello", at=30.0)

    messenger.repeat(message, at=30.0)
    messenger.repeat(message, at=90.0)
    run(kernel)

    assert bot.seen == [(30.0, "u0.w0"), (30.0, "u0.w1"), (90.0, "u0.w2")]


def test_repeat__of_a_batch_is_the_whole_of_it() -> None:
    kernel, bot, messenger = make_world(copies=1)
    _, second = messenger.batch(["a", "b"])

    messenger.repeat(second, at=5.0)
    run(kernel)

    assert [name for _, name in bot.seen] == ["u0.w0", "u0.w1"]
    assert bot.deliveries[1].roots == ("u0", "u1")
    assert len(json.loads(bot.bodies[1])["entry"]) == 2


def test_repeat__of_a_message_that_was_taken_can_not_lose_it() -> None:
    kernel, bot, messenger = make_world(copies=1)
    message = messenger.message("hello")
    run(kernel)
    bot.status = 500

    messenger.repeat(message, at=60.0)
    run(kernel)

    assert bot.seen[-1][1] == "u0.w1'12"
    assert messenger.courier.lost_count == 0


def test_repeat__needs_a_copy() -> None:
    _, _, messenger = make_world()
    message = messenger.message("hello")

    with pytest.raises(ScenarioError, match=r"^copies must be at least 1, not 0$"):
        messenger.repeat(message, at=1.0, copies=0)


def test_repeat__not_in_the_past() -> None:
    kernel, _, messenger = make_world()
    message = messenger.message("hello")
    kernel.clock.move_to(5.0)

    with pytest.raises(
        ScenarioError, match=r"^nothing can be repeated at 4\.0, the clock is at 5\.0$"
    ):
        messenger.repeat(message, at=4.0)


def test_repeat__not_before_it_is_written() -> None:
    _, _, messenger = make_world()
    message = messenger.message("hello", at=9.0)

    with pytest.raises(
        ScenarioError, match=r"^u0 can not be repeated at 8\.0, it is written at 9\.0$"
    ):
        messenger.repeat(message, at=8.0)


def test_repeat__only_of_messages_to_this_page() -> None:
    kernel, _, messenger = make_world()
    other = Messenger(kernel, callback_url=URL, page_id="2")

    with pytest.raises(ScenarioError, match=r"^u0 was not written to this page$"):
        messenger.repeat(other.message("hello"), at=1.0)


def test_message__can_leave_the_process() -> None:
    kernel, _, messenger = make_world()
    message = messenger.message("hello")
    run(kernel)

    assert pickle.loads(pickle.dumps(message)) == message


def test_message__that_is_forgotten_leaves_nothing_to_repeat() -> None:
    kernel, bot, messenger = make_world()
    for number in range(50):
        messenger.message(str(number))
    run(kernel)
    bot.deliveries.clear()
    gc.collect()

    # The latest, which the next one may bring along.
    assert sum(isinstance(found, Webhook) for found in gc.get_objects()) == 1
