"""Head-of-line blocking: the next notification waits for this one, and only for its like."""

from typing import Literal

import pytest

from emulator.delivery import Delivery
from emulator.errors import ScenarioError
from emulator.exchange import Reply
from emulator.kernel import Kernel, Limits
from emulator.meta.delivery.disturbance import Disturbance
from emulator.meta.delivery.product import WHATSAPP
from tests.meta.courier_support import (
    ERROR,
    OK,
    Answer,
    error_at_once,
    findings,
    hang,
    ok_at_once,
    run,
    run_until,
    webhook,
    world,
)


def test_serial__the_next_goes_when_this_one_was_taken() -> None:
    kernel, bot, courier = world(lambda _delivery: (0.5, OK), order="serial")

    for number in range(3):
        courier.send(webhook(f"u{number}"))
    run(kernel)

    assert bot.seen == [(0.0, "u0.w0"), (0.5, "u1.w0"), (1.0, "u2.w0")]


def test_parallel__nothing_waits() -> None:
    kernel, bot, courier = world(lambda _delivery: (0.5, OK))

    for number in range(3):
        courier.send(webhook(f"u{number}"))
    run(kernel)

    assert [at for at, _ in bot.seen] == [0.0, 0.0, 0.0]


def test_serial__a_failing_one_holds_up_the_rest_until_it_is_taken() -> None:
    kernel: Kernel
    kernel, bot, courier = world(
        lambda _delivery: (0.0, OK if kernel.clock.now >= 30.0 else ERROR), order="serial"
    )

    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=1.0)
    courier.send(webhook("u2"), at=20.0)
    run(kernel)

    assert bot.seen[-3:] == [(30.0, "u0.w0'4"), (30.0, "u1.w0"), (30.0, "u2.w0")]
    assert {name[:2] for at, name in bot.seen if at < 30.0} == {"u0"}


def test_serial__copies_of_one_are_concurrent() -> None:
    kernel, bot, courier = world(lambda _delivery: (1.0, OK), order="serial", copies=3)

    courier.send(webhook("u0"))
    courier.send(webhook("u1"))
    run(kernel)

    assert [at for at, _ in bot.seen] == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]


def test_serial__one_copy_that_was_taken_is_enough() -> None:
    failing = {"u0.w0", "u0.w0'", "u0.w0''", "u0.w0'3"}
    kernel, bot, courier = world(
        lambda delivery: (0.0, ERROR if delivery.name in failing else OK), order="serial", copies=2
    )

    courier.send(webhook("u0"))
    courier.send(webhook("u1"))
    run(kernel)

    assert [name for _, name in bot.seen] == [
        *("u0.w0", "u0.w1"),
        # The other copy goes on by itself.
        *("u0.w0'", "u1.w0", "u1.w1"),
        *("u0.w0''", "u0.w0'3", "u0.w0'4"),
    ]


def test_serial__copies_minutes_later_hold_up_nobody() -> None:
    kernel, bot, courier = world(ok_at_once, order="serial", copies=2, spacing=(0.0, 300.0))

    courier.send(webhook("u0"))
    courier.send(webhook("u1"))
    run(kernel)

    assert bot.seen == [(0.0, "u0.w0"), (0.0, "u1.w0"), (300.0, "u0.w1"), (300.0, "u1.w1")]


def test_serial__what_is_given_up_lets_the_next_go() -> None:
    kernel, bot, courier = world(
        lambda delivery: (0.0, OK if delivery.name.startswith("u1") else Reply(201)),
        order="serial",
        product=WHATSAPP,
    )

    courier.send(webhook("u0"))
    courier.send(webhook("u1"))
    run(kernel)

    assert findings(kernel) == [(604_800.0, "webhook-lost", ("u0",))]
    assert bot.seen[-1] == (604_800.0, "u1.w0")


def test_serial__disablement_loses_all_that_wait() -> None:
    kernel, bot, courier = world(error_at_once, order="serial", copies=2)

    for number in range(3):
        courier.send(webhook(f"u{number}"))
    run(kernel)

    assert [found[1:] for found in findings(kernel)] == [
        ("webhook-disabled", ("u0",)),
        ("webhook-lost", ("u1",)),
        ("webhook-lost", ("u2",)),
        ("webhook-lost", ("u0",)),
    ]
    assert {name[:2] for _, name in bot.seen} == {"u0"}
    assert courier.line is not None
    assert len(courier.line) == 0


def test_serial__goes_on_after_resubscription() -> None:
    kernel, bot, courier = world(error_at_once, order="serial")
    courier.send(webhook("u0"))
    run(kernel)
    bot.answer = ok_at_once

    courier.subscribe(frozenset())
    courier.send(webhook("u1"))
    courier.send(webhook("u2"), at=4_000.0)
    run(kernel)

    assert bot.seen[-2:] == [(3600.0, "u1.w0"), (4000.0, "u2.w0")]


def test_serial__a_repeat_waits_for_nobody() -> None:
    kernel, bot, courier = world(ok_at_once, order="serial")
    first = webhook("u0")
    courier.send(first)
    run(kernel)
    bot.answer = hang

    courier.send(webhook("u1"))
    courier.send(first, at=5.0, copies=1)
    run_until(kernel, 10.0)

    assert bot.seen[1:] == [(0.0, "u1.w0"), (5.0, "u0.w1")]


def test_serial__a_repeat_of_what_waits_comes_with_it() -> None:
    kernel, bot, courier = world(lambda _delivery: (8.0, OK), order="serial")
    second = webhook("u1")

    courier.send(webhook("u0"))
    courier.send(second)
    courier.send(second, copies=1)
    courier.send(webhook("u2"))
    run(kernel)

    assert bot.seen == [(0.0, "u0.w0"), (8.0, "u1.w0"), (8.0, "u1.w1"), (16.0, "u2.w0")]


def test_serial__what_happens_while_it_is_not_subscribed_is_lost_at_once() -> None:
    kernel, bot, courier = world(lambda _delivery: (8.0, OK), order="serial")

    courier.send(webhook("u0"))
    run_until(kernel, 1.0)
    courier.unsubscribe()
    courier.send(webhook("u1"))
    courier.subscribe(frozenset())
    run(kernel)

    assert [name for _, name in bot.seen] == ["u0.w0"]
    assert findings(kernel) == [(1.0, "webhook-lost", ("u1",))]


def test_serial__in_the_order_of_the_events_whenever_they_are_due() -> None:
    kernel, bot, courier = world(lambda _delivery: (3.0, OK), order="serial")

    courier.send(webhook("u1"), at=2.0)
    courier.send(webhook("u0"), at=1.0)
    run(kernel)

    assert [name for _, name in bot.seen] == ["u0.w0", "u1.w0"]


@pytest.mark.parametrize("after_s", [0.0, 5.0])
def test_serial__a_cut_message_holds_up_nobody(after_s: float) -> None:
    def answer(delivery: Delivery) -> Answer:
        return after_s, OK if delivery.name.startswith("u1") else ERROR

    kernel, bot, courier = world(answer, order="serial", limits=Limits(deliveries=3))

    courier.send(webhook("u0"))
    courier.send(webhook("u1"))
    run(kernel)

    assert [name[:2] for _, name in bot.seen] == ["u0", "u0", "u0", "u1"]


def test_serial__a_message_that_is_cut_while_its_attempt_is_due_holds_up_nobody() -> None:
    kernel, bot, courier = world(ok_at_once, order="serial", spacing=(5.0,))
    courier.send(webhook("u0"))
    courier.send(webhook("u1"))

    # After the courier has handed the attempt over, and before it is made.
    kernel.at(5.0, "cut", lambda: kernel.cut.add("u0"))
    run(kernel)

    assert bot.seen == [(10.0, "u1.w0")]


def test_serial__with_a_disturbance_counts_from_when_it_comes() -> None:
    kernel, bot, courier = world(ok_at_once, order="serial")

    courier.disturbance = Disturbance(late_s=10.0)
    courier.send(webhook("u0"))
    courier.disturbance = Disturbance()
    courier.send(webhook("u1"))
    run(kernel)

    assert bot.seen == [(0.0, "u1.w0"), (10.0, "u0.w0")]


def test_order__has_to_be_known() -> None:
    wrong: Literal["serial"] = "sideways"  # type: ignore[assignment]

    with pytest.raises(
        ScenarioError, match=r"^order must be one of parallel, serial, not sideways$"
    ):
        world(ok_at_once, order=wrong)
