"""The attempts of one copy by each product's rules, and what comes again in which company."""

from dataclasses import replace
from itertools import pairwise
from typing import Literal

import pytest

from emulator.delivery import Delivery
from emulator.errors import ScenarioError
from emulator.exchange import Reply
from emulator.kernel import Kernel, Limits
from emulator.meta.delivery.courier import KEEP_RECORDS, Grouping
from emulator.meta.delivery.product import (
    GENERIC,
    INSTAGRAM,
    MESSENGER,
    OLDER_MESSENGER,
    WHATSAPP,
    Product,
)
from emulator.meta.delivery.webhook import Webhook
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


@pytest.mark.parametrize("product", [MESSENGER, OLDER_MESSENGER, INSTAGRAM, WHATSAPP, GENERIC])
def test_redelivery__at_the_times_of_the_product(product: Product) -> None:
    kernel, bot, courier = world(lambda _delivery: (0.25, ERROR), product=product)

    courier.send(webhook())
    run(kernel)

    expected = [0.0, *(0.25 + after_s for after_s in product.redelivery_s)]
    assert [at for at, _ in bot.seen] == expected
    assert kernel.clock.now == 0.25 + product.give_up_after_s


@pytest.mark.parametrize("product", [MESSENGER, INSTAGRAM, WHATSAPP, GENERIC])
def test_redelivery__of_what_hangs_begins_when_it_was_cut(product: Product) -> None:
    kernel, bot, courier = world(hang, product=product)
    patience_s = product.timeout_s

    courier.send(webhook())
    run(kernel)

    times = [at for at, _ in bot.seen]
    assert all(later - sooner >= patience_s for sooner, later in pairwise(times))
    assert times[1] == patience_s + product.redelivery_s[0]
    assert times[-1] == patience_s + product.redelivery_s[-1]


@pytest.mark.parametrize("product", [MESSENGER, INSTAGRAM])
def test_messenger_and_instagram__are_disabled(product: Product) -> None:
    kernel, _, courier = world(error_at_once, product=product)

    courier.send(webhook())
    run(kernel)

    assert [found[:2] for found in findings(kernel)] == [
        (3600.0, "webhook-disabled"),
        (3600.0, "webhook-lost"),
    ]
    assert [alert.at for alert in courier.alerts] == [900.0]
    assert courier.subscribed.stopped == "disabled"


def test_older_messenger__is_disabled_after_8_hours() -> None:
    kernel, _, courier = world(error_at_once, product=OLDER_MESSENGER)

    courier.send(webhook())
    run(kernel)

    told = [(e.name, e.time, e.detail.get("after_s")) for e in kernel.journal.entries("finding")]
    assert told[:2] == [
        ("webhook-alert", 900.0, 900.0),
        ("webhook-disabled", 28_800.0, 28_800.0),
    ]


@pytest.mark.parametrize("product", [WHATSAPP, GENERIC])
def test_whatsapp_and_generic__drop_the_notification_and_go_on(product: Product) -> None:
    kernel, bot, courier = world(error_at_once, product=product)

    courier.send(webhook())
    run(kernel)
    bot.answer = ok_at_once
    courier.send(webhook("u1"))
    run(kernel)

    assert findings(kernel) == [(product.give_up_after_s, "webhook-lost", ("u0",))]
    [lost] = kernel.journal.entries("finding")
    assert lost.detail["why"] == "given up"
    assert lost.detail["attempts"] == 1 + len(product.redelivery_s)
    assert (courier.alert_count, courier.subscribed.stopped) == (0, None)
    assert bot.seen[-1][1] == "u1.w0"


def test_whatsapp__another_2xx_is_no_acknowledgement() -> None:
    kernel, bot, courier = world(
        lambda delivery: (0.0, Reply(204) if delivery.name == "u0.w0" else OK), product=WHATSAPP
    )

    courier.send(webhook())
    run(kernel)

    assert bot.seen == [(0.0, "u0.w0"), (60.0, "u0.w0'")]
    assert courier.odd_ack_count == 0


def test_instagram__5_seconds_are_the_end() -> None:
    kernel, bot, courier = world(lambda _delivery: (5.1, OK), product=INSTAGRAM)

    courier.send(webhook())
    run_until(kernel, 6.0)

    assert bot.seen == [(0.0, "u0.w0"), (5.0, "u0.w0'")]
    assert courier.slow_ack_count == 0


def test_product__of_the_notification_counts_before_the_couriers() -> None:
    kernel, bot, courier = world(error_at_once)

    courier.send(webhook("u0", product=GENERIC))
    run_until(kernel, 4_000.0)

    assert [at for at, _ in bot.seen][-2:] == [1_860.0, 3_780.0]
    assert (courier.outage.since, courier.subscribed.stopped) == (None, None)


def test_product__own_times() -> None:
    product = replace(MESSENGER, redelivery_s=(1.0, 4.0), give_up_after_s=9.0, alert_after_s=3.0)
    kernel, bot, courier = world(error_at_once, product=product)

    courier.send(webhook())
    run(kernel)

    assert [at for at, _ in bot.seen] == [0.0, 1.0, 4.0]
    assert [alert.at for alert in courier.alerts] == [4.0]
    assert next(found[:2] for found in findings(kernel)) == (9.0, "webhook-disabled")


def test_product__can_be_changed_for_what_is_sent_from_then_on() -> None:
    kernel, bot, courier = world(error_at_once)

    courier.send(webhook("u0"), at=1.0)
    courier.product = WHATSAPP
    courier.send(webhook("u1"), at=1.0)
    run_until(kernel, 12.0)

    assert [at for at, name in bot.seen if name.startswith("u0")] == [1.0, 1.0, 3.0, 11.0]
    assert [at for at, name in bot.seen if name.startswith("u1")] == [1.0]


def test_timeout__of_the_courier_replaces_that_of_the_product() -> None:
    kernel, bot, courier = world(hang, timeout_s=3.0)

    courier.send(webhook())
    run_until(kernel, 4.0)

    assert [at for at, _ in bot.seen] == [0.0, 3.0]


# -- grouping


def test_as_sent__the_whole_batch_comes_again() -> None:
    kernel, bot, courier = world(lambda d: (0.0, ERROR if d.name == "u0.w0" else OK))

    courier.send(webhook("u0", "u1"))
    run(kernel)

    assert bot.items == [["u0", "u1"], ["u0", "u1"]]


def test_apart__each_item_goes_on_by_itself_at_the_times_of_the_batch() -> None:
    def answer(delivery: Delivery) -> Answer:
        return 0.0, ERROR if delivery.roots != ("u2",) else OK

    kernel, bot, courier = world(answer, grouping="apart", product=WHATSAPP)

    courier.send(webhook("u0", "u1", "u2"))
    run(kernel)

    expected = [0.0, *WHATSAPP.redelivery_s]
    for item in ("u0", "u1"):
        assert [attempt.at for attempt in bot.attempts if item in attempt.items] == expected
    # Only what is unsent is sent again.
    assert [attempt.at for attempt in bot.attempts if "u2" in attempt.items] == [0.0, 60.0]
    assert bot.items[:4] == [["u0", "u1", "u2"], ["u0"], ["u1"], ["u2"]]
    names = [name for _, name in bot.seen]
    assert names[:4] == ["u0.w0", "u0.w0'", "u1.w0'", "u2.w0'"]
    assert len(set(names)) == len(names)
    assert findings(kernel) == [(604_800.0, "webhook-lost", ("u0", "u1"))]


def test_apart__items_of_one_message_have_names_of_their_own() -> None:
    kernel, bot, courier = world(error_at_once, grouping="apart")

    courier.send(webhook("u0", "u0", "u0"))
    run_until(kernel, 1.0)

    assert [name for _, name in bot.seen] == ["u0.w0", "u0.w0'", "u0.p1.w0'", "u0.p2.w0'"]


def test_together__what_waits_rides_along_and_is_not_sent_again() -> None:
    kernel: Kernel
    kernel, bot, courier = world(
        lambda _delivery: (0.0, OK if kernel.clock.now >= 10.0 else ERROR), grouping="together"
    )

    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=1.0)
    run(kernel)

    assert [(attempt.at, attempt.items) for attempt in bot.attempts] == [
        (0.0, ["u0"]),
        (0.0, ["u0"]),
        (1.0, ["u1"]),
        (1.0, ["u1", "u0"]),
        (2.0, ["u0", "u1"]),
        (3.0, ["u1", "u0"]),
        (10.0, ["u0", "u1"]),
    ]
    assert bot.deliveries[-1].roots == ("u0", "u1")
    assert findings(kernel) == []


def test_together__a_ride_that_fails_changes_no_schedule() -> None:
    kernel, bot, courier = world(error_at_once, grouping="together", product=WHATSAPP)

    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=7.0)
    run(kernel)

    own = {
        item: [at for at, name in bot.seen if name.startswith(item + ".")] for item in ("u0", "u1")
    }
    assert own["u0"] == [0.0, *WHATSAPP.redelivery_s]
    assert own["u1"] == [7.0, *(7.0 + after_s for after_s in WHATSAPP.redelivery_s)]


def test_together__nobody_rides_and_walks_at_once() -> None:
    # The request of u1 takes as long as it may, and u0 is due meanwhile.
    kernel, bot, courier = world(
        lambda d: None if d.name == "u1.w0'" else (0.0, ERROR), grouping="together"
    )

    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=9.0)
    run_until(kernel, 31.0)

    assert [(attempt.at, attempt.name, attempt.items) for attempt in bot.attempts[4:]] == [
        (9.0, "u1.w0'", ["u1", "u0"]),
        # Its attempt of second 10.
        (29.0, "u0.w0'3", ["u0", "u1"]),
        (29.0, "u1.w0''", ["u1", "u0"]),
        (29.0, "u1.w0'3", ["u1", "u0"]),
        (30.0, "u0.w0'4", ["u0", "u1"]),
    ]


def test_together__one_copy_of_each() -> None:
    kernel, bot, courier = world(error_at_once, grouping="together", copies=3)

    courier.send(webhook("u0"))
    courier.send(webhook("u1"))
    run_until(kernel, 2.0)

    assert all(len(set(items)) == len(items) for items in bot.items)
    assert ["u0", "u1"] in bot.items


def test_together__not_with_other_rules() -> None:
    kernel, bot, courier = world(error_at_once, grouping="together")

    courier.send(webhook("u0"))
    courier.send(webhook("u1", product=GENERIC))
    run_until(kernel, 3_000.0)

    assert all(len(items) == 1 for items in bot.items)


def test_together__not_with_a_message_that_was_cut() -> None:
    kernel, bot, courier = world(
        error_at_once, grouping="together", limits=Limits(deliveries=3), product=WHATSAPP
    )

    courier.send(webhook("u0"))
    run_until(kernel, 350.0)
    assert [len(items) for items in bot.items] == [1, 1, 1]
    kernel.cut.add("u0")
    # Comes again before the other would.
    courier.send(webhook("u1"))
    run_until(kernel, 1_000.0)

    assert bot.items[3:] == [["u1"], ["u1"], ["u1"]]


def test_together__at_most_1_000_items() -> None:
    kernel, bot, courier = world(error_at_once, grouping="together")
    for first in range(0, 1_600, 400):
        roots = [f"u{number}" for number in range(first, first + 400)]
        courier.send(webhook(roots[0], *roots[1:]))
    run_until(kernel, 0.0)

    assert max(map(len, bot.items)) == 800


def test_together__disablement_loses_all_of_them_once() -> None:
    kernel, _, courier = world(error_at_once, grouping="together", copies=2)

    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=100.0)
    run(kernel)

    assert findings(kernel) == [
        (3600.0, "webhook-disabled", ("u0",)),
        (3600.0, "webhook-lost", ("u1",)),
        (3600.0, "webhook-lost", ("u0",)),
    ]


@pytest.mark.parametrize("grouping", ["apart", "together"])
def test_grouping__of_what_can_not_travel_otherwise_is_as_sent(grouping: Grouping) -> None:
    kernel, bot, courier = world(error_at_once, grouping=grouping)
    whole = webhook("u0", "u1")
    bare = Webhook("u0", ("u0", "u1"), -1, whole.render)

    courier.send(bare)
    run_until(kernel, 60.0)

    assert {tuple(items) for items in bot.items} == {("u0", "u1")}


def test_grouping__has_to_be_known() -> None:
    wrong: Literal["apart"] = "loose"  # type: ignore[assignment]

    with pytest.raises(
        ScenarioError, match=r"^grouping must be one of as-sent, apart, together, not loose$"
    ):
        world(ok_at_once, grouping=wrong)


def test_records__are_bounded_and_counted_on() -> None:
    kernel, _, courier = world(lambda _delivery: (0.0, Reply(201)))

    for number in range(KEEP_RECORDS + 10):
        courier.send(webhook(f"u{number}"))
    run(kernel)

    assert (len(courier.odd_acks), courier.odd_ack_count) == (KEEP_RECORDS, KEEP_RECORDS + 10)


def test_part_that_was_dropped_while_another_was_under_way__is_told_when_that_is_taken() -> None:
    def answer(delivery: Delivery) -> Answer:
        return (4.0, OK) if delivery.name == "u0.w0'" else (0.0, ERROR)

    kernel, bot, courier = world(answer, grouping="apart")
    courier.send(webhook("u0", "u1"))
    while len(bot.attempts) < 3:
        kernel.run_step()
    assert [name for _, name in bot.seen] == ["u0.w0", "u0.w0'", "u1.w0'"]
    now = kernel.clock.now
    run_until(kernel, now + 1.0)
    courier.unsubscribe()
    courier.subscribe(frozenset())
    run(kernel)
    (lost,) = kernel.journal.entries("finding")
    assert (lost.time, lost.name, lost.roots) == (now + 4.0, "webhook-lost", ("u1",))
    assert lost.detail["why"] == "unsubscribed"
