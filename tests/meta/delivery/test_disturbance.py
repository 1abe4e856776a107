"""What goes wrong on demand, each in one way."""

from dataclasses import replace
from typing import Any

import pytest

from emulator.errors import ScenarioError
from emulator.meta.delivery.disturbance import Disturbance, Failing
from emulator.meta.delivery.product import WHATSAPP
from tests.meta.courier_support import (
    ERROR,
    OK,
    findings,
    hang,
    ok_at_once,
    run,
    run_until,
    webhook,
    world,
)


def test_late__an_old_message_comes_after_newer_ones() -> None:
    kernel, bot, courier = world(ok_at_once, copies=2)

    courier.disturbance = Disturbance(late_s=90.0)
    courier.send(webhook("u0"))
    courier.disturbance = Disturbance()
    courier.send(webhook("u1"), at=3.0)
    run(kernel)

    assert [(at, name) for at, name in bot.seen] == [
        (3.0, "u1.w0"),
        (3.0, "u1.w1"),
        (90.0, "u0.w0"),
        (90.0, "u0.w1"),
    ]


def test_spread__they_overtake_each_other_by_the_seed() -> None:
    def names(seed: int) -> list[str]:
        kernel, bot, courier = world(ok_at_once, seed=seed)
        courier.disturbance = Disturbance(late_s=1.0, spread_s=60.0)
        for number in range(10):
            courier.send(webhook(f"u{number}"))
        run(kernel)
        assert all(1.0 <= at <= 61.0 for at, _ in bot.seen)
        return [name for _, name in bot.seen]

    assert names(1) != sorted(names(1))
    assert names(1) == names(1) != names(2)


def test_spread__a_repeat_is_drawn_anew() -> None:
    kernel, bot, courier = world(ok_at_once)
    courier.disturbance = Disturbance(spread_s=60.0)
    notice = webhook()

    courier.send(notice)
    courier.send(notice)
    run(kernel)

    assert bot.seen[0][0] != bot.seen[1][0]


@pytest.mark.parametrize(
    ("failing", "fails_at_s"), [("refused", 0.0), ("cut", 1.0), ("hang", 20.0)]
)
def test_fails__the_first_attempts_whatever_the_bot_answers(
    failing: Failing, fails_at_s: float
) -> None:
    kernel, bot, courier = world(lambda _delivery: (1.0, OK))
    courier.disturbance = Disturbance(fails=2, failing=failing)

    courier.send(webhook())
    run(kernel)

    # The table counts from the first failure; of these the second attempt follows at once.
    second = fails_at_s
    third = max(fails_at_s + 2.0, second + fails_at_s)
    reached = [(third, "u0.w0''")]
    if failing != "refused":
        reached = [(0.0, "u0.w0"), (second, "u0.w0'"), *reached]
    assert bot.seen == reached
    assert courier.lost_count == 0
    faults = [
        (entry.name, entry.detail["kind"], entry.roots) for entry in kernel.journal.entries("fault")
    ]
    assert faults == [("u0.w0", failing, ("u0",)), ("u0.w0'", failing, ("u0",))]


def test_hang__a_bot_that_is_slow_itself_is_cut_as_always() -> None:
    kernel, bot, courier = world(hang)
    courier.disturbance = Disturbance(fails=1, failing="hang")

    courier.send(webhook())
    run_until(kernel, 20.0)

    assert [at for at, _ in bot.seen] == [0.0, 20.0]


def test_fails__refused_attempts_end_with_the_subscription() -> None:
    kernel, bot, courier = world(ok_at_once)
    courier.disturbance = Disturbance(fails=99, failing="refused")
    courier.send(webhook(), at=5.0)

    courier.unsubscribe()
    run(kernel)

    assert bot.seen == []
    assert findings(kernel) == [(0.0, "webhook-lost", ("u0",))]


def test_again__though_it_was_taken() -> None:
    kernel, bot, courier = world(ok_at_once, product=WHATSAPP)
    courier.disturbance = Disturbance(again=3)

    courier.send(webhook())
    run(kernel)

    assert bot.seen == [(0.0, "u0.w0"), (60.0, "u0.w1"), (180.0, "u0.w2"), (420.0, "u0.w3")]


def test_again__no_more_often_than_the_schedule() -> None:
    product = replace(WHATSAPP, redelivery_s=(5.0,))
    kernel, bot, courier = world(ok_at_once, product=product)
    courier.disturbance = Disturbance(again=10)

    courier.send(webhook())
    run(kernel)

    assert [at for at, _ in bot.seen] == [0.0, 5.0]


def test_doubled__each_item_twice_in_one_request() -> None:
    kernel, bot, courier = world(lambda d: (0.0, ERROR if d.name == "u0.w0" else OK))
    courier.disturbance = Disturbance(doubled=True)

    courier.send(webhook("u0", "u1"))
    run(kernel)

    assert bot.items == [["u0", "u1", "u0", "u1"], ["u0", "u1"]]


def test_with_previous__regrouped_with_a_newer_message() -> None:
    kernel, bot, courier = world(lambda d: (0.0, ERROR if d.name == "u2.w0" else OK))
    courier.disturbance = Disturbance(with_previous=True)

    for number in range(3):
        courier.send(webhook(f"u{number}"), at=float(number))
        run(kernel)

    # Of a batch that failed only what was not taken before comes again.
    assert bot.items == [["u0"], ["u1", "u0"], ["u2", "u1"], ["u2"]]
    assert bot.deliveries[1].roots == ("u1", "u0")


def test_with_previous__takes_what_was_not_taken() -> None:
    kernel, bot, courier = world(lambda d: (0.0, OK if d.name.startswith("u1") else ERROR))
    courier.disturbance = Disturbance(with_previous=True)
    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=100.0)

    run(kernel)

    assert ["u1", "u0"] in bot.items
    assert courier.lost_count == 0


def test_with_previous__not_with_a_message_that_was_cut() -> None:
    kernel, bot, courier = world(ok_at_once)
    courier.disturbance = Disturbance(with_previous=True)
    courier.send(webhook("u0"))
    run(kernel)
    kernel.cut.add("u0")

    courier.send(webhook("u1"))
    run(kernel)

    assert bot.items == [["u0"], ["u1"]]


def test_with_previous__a_repeat_does_not_come_with_itself() -> None:
    kernel, bot, courier = world(ok_at_once)
    courier.disturbance = Disturbance(with_previous=True)
    notice = webhook("u0")

    courier.send(notice)
    courier.send(notice)
    run(kernel)

    assert bot.items == [["u0"], ["u0"]]


def test_same_time__copies_and_attempts_are_the_same_bytes() -> None:
    kernel, bot, courier = world(
        lambda d: (1.0, ERROR if d.name.startswith("u0.w0") and "''" not in d.name else OK),
        copies=2,
    )
    courier.disturbance = Disturbance(same_time=True)

    courier.send(webhook())
    run(kernel)

    assert len(bot.bodies) == 4
    assert len(set(bot.bodies)) == 1


def test_disturbance__is_that_of_the_sending() -> None:
    kernel, bot, courier = world(ok_at_once)
    courier.disturbance = Disturbance(fails=1)
    courier.send(webhook("u0"), at=5.0)
    courier.disturbance = Disturbance()

    run(kernel)

    assert [name for _, name in bot.seen] == ["u0.w0", "u0.w0'"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"late_s": -1.0}, "late_s has to be a number of seconds, not -1"),
        ({"spread_s": float("nan")}, "spread_s has to be a number of seconds, not nan"),
        ({"fails": -1}, "fails can't be negative, as -1 is"),
        ({"again": -2}, "again can't be negative, as -2 is"),
        ({"failing": "late"}, "failing must be one of hang, cut, refused, not late"),
    ],
)
def test_disturbance__has_to_make_sense(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=f"^{message}$"):
        Disturbance(**values)
