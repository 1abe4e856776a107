"""When copies are sent, what counts as taken, and the table of redeliveries, on a bare kernel."""

import gc
from itertools import pairwise

import pytest

from emulator.errors import ScenarioError
from emulator.exchange import Failure, Outcome, Reply
from emulator.kernel import Kernel, Limits
from emulator.meta.delivery.courier import Spacing, Webhook
from tests.meta.courier_support import OK, findings, join, ok_at_once, run, webhook, world


def test_at_once__all_copies_at_the_same_instant() -> None:
    kernel, bot, courier = world(ok_at_once, copies=3)

    courier.send(webhook())
    run(kernel)

    assert bot.seen == [(0.0, "u0.w0"), (0.0, "u0.w1"), (0.0, "u0.w2")]
    assert {delivery.kind for delivery in bot.deliveries} == {"user"}


def test_copies__each_has_its_own_time() -> None:
    kernel, bot, courier = world(ok_at_once, copies=3)

    courier.send(webhook())
    run(kernel)

    times = [attempt.time_ms for attempt in bot.attempts]
    assert times == [1790000000000, 1790000000001, 1790000000002]


def test_staggered__each_copy_follows_the_one_before() -> None:
    for seed in range(50):
        kernel, bot, courier = world(ok_at_once, seed=seed, copies=4, spacing="staggered")

        courier.send(webhook())
        run(kernel)

        times = [at for at, _ in bot.seen]
        gaps = [after - before for before, after in pairwise(times)]
        assert [name for _, name in bot.seen] == ["u0.w0", "u0.w1", "u0.w2", "u0.w3"]
        assert times[0] == 0.0
        assert all(0.05 <= gap <= 1.0 for gap in gaps)


def test_shuffled__copies_interleave_and_overtake() -> None:
    kernel, bot, courier = world(ok_at_once, copies=3, spacing="shuffled")

    for number in range(10):
        courier.send(webhook(f"u{number}"))
    run(kernel)

    names = [name for _, name in bot.seen]
    assert len(names) == 30
    assert names != sorted(names)
    assert any(name.endswith(("w1", "w2")) for name in names[:5])
    assert all(0.0 <= at <= 1.5 for at, _ in bot.seen)


@pytest.mark.parametrize("spacing", ["staggered", "shuffled"])
def test_spacing__depends_on_the_seed_only(spacing: Spacing) -> None:
    def times(seed: int, first: str) -> dict[str, float]:
        kernel, bot, courier = world(ok_at_once, seed=seed, copies=3, spacing=spacing)
        for root in (first, "u0" if first == "u1" else "u1"):
            courier.send(webhook(root))
        run(kernel)
        return {name: at for at, name in bot.seen}

    assert times(1, "u0") == times(1, "u1")
    assert times(1, "u0") != times(2, "u0")


def test_redelivery__exact_times_when_the_bot_fails_at_once() -> None:
    kernel, bot, courier = world(lambda _delivery: (0.5, Reply(500)))

    courier.send(webhook())
    run(kernel)

    assert bot.seen == [
        (0.0, "u0.w0"),
        # Counted from the first failure, half a second later: at once, and so on.
        (0.5, "u0.w0'"),
        (2.5, "u0.w0''"),
        (10.5, "u0.w0'3"),
        (30.5, "u0.w0'4"),
        (60.5, "u0.w0'5"),
        (300.5, "u0.w0'6"),
        (600.5, "u0.w0'7"),
        (900.5, "u0.w0'8"),
        (1500.5, "u0.w0'9"),
        (2100.5, "u0.w0'10"),
        (2700.5, "u0.w0'11"),
        (3300.5, "u0.w0'12"),
    ]
    assert kernel.clock.now == 3600.5
    assert [delivery.kind for delivery in bot.deliveries] == ["user"] + ["redelivery"] * 12
    assert {(delivery.roots, delivery.generation) for delivery in bot.deliveries} == {(("u0",), 0)}


def test_redelivery__never_overlaps_with_an_attempt_that_hangs() -> None:
    kernel, bot, courier = world(lambda _delivery: None)

    courier.send(webhook())
    run(kernel)

    # Counted from the first failure, at 20 s; each attempt of the burst takes 20 s by itself.
    assert [at for at, _ in bot.seen] == [
        *(0.0, 20.0, 40.0, 60.0, 80.0, 100.0),
        *(320.0, 620.0, 920.0, 1520.0, 2120.0, 2720.0, 3320.0),
    ]
    assert kernel.clock.now == 3620.0


def test_redelivery__carries_its_own_time() -> None:
    kernel, bot, courier = world(
        lambda delivery: (0.0, OK if delivery.name == "u0.w0''" else Reply(500))
    )

    courier.send(webhook())
    run(kernel)

    times = [attempt.time_ms for attempt in bot.attempts]
    assert times == [1790000000000, 1790000000000, 1790000002000]


def test_redelivery__only_of_the_copy_that_failed() -> None:
    kernel, bot, courier = world(
        lambda delivery: (0.0, Reply(500) if delivery.name == "u0.w1" else OK), copies=3
    )

    courier.send(webhook())
    run(kernel)

    assert sorted(name for _, name in bot.seen) == ["u0.w0", "u0.w1", "u0.w1'", "u0.w2"]


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_ack__any_2xx(status: int) -> None:
    kernel, bot, courier = world(lambda _delivery: (0.0, Reply(status)))

    courier.send(webhook())
    run(kernel)

    assert len(bot.seen) == 1


@pytest.mark.parametrize(
    "outcome", [Reply(301), Reply(400), Reply(403), Reply(500), Reply(504), Failure("reset")]
)
def test_ack__nothing_else(outcome: Outcome) -> None:
    kernel, bot, courier = world(
        lambda delivery: (0.0, outcome if delivery.name == "u0.w0" else OK)
    )

    courier.send(webhook())
    run(kernel)

    assert [name for _, name in bot.seen] == ["u0.w0", "u0.w0'"]


def test_ack__just_within_20_seconds_is_slow_but_counts() -> None:
    kernel, bot, courier = world(lambda _delivery: (19.9, OK))

    courier.send(webhook())
    run(kernel)

    assert len(bot.seen) == 1
    assert courier.slow_ack_count == 1
    assert [(ack.name, ack.status, ack.took_s) for ack in courier.slow_acks] == [
        ("u0.w0", 200, 19.9)
    ]


def test_ack__5_seconds_are_not_slow() -> None:
    kernel, _, courier = world(lambda _delivery: (5.0, OK))

    courier.send(webhook())
    run(kernel)

    assert courier.slow_ack_count == 0


def test_ack__other_than_200_is_flagged() -> None:
    kernel, _, courier = world(lambda _delivery: (0.0, Reply(204)))

    courier.send(webhook())
    run(kernel)

    assert courier.odd_ack_count == 1
    assert [(ack.name, ack.status) for ack in courier.odd_acks] == [("u0.w0", 204)]
    assert courier.slow_ack_count == 0


def test_alert__after_15_minutes_of_failure_once() -> None:
    kernel, _, courier = world(lambda _delivery: (0.0, Reply(500)))

    courier.send(webhook())
    run(kernel)

    assert [(alert.name, alert.at, alert.attempts) for alert in courier.alerts] == [
        ("u0.w0", 900.0, 9)
    ]
    assert courier.alert_count == 1
    alert = next(kernel.journal.entries("finding"))
    assert (alert.name, alert.time, alert.roots) == ("webhook-alert", 900.0, ("u0",))
    assert alert.detail == {"since": 0.0, "after_s": 900.0}


def test_alert__not_when_the_bot_recovers_before() -> None:
    kernel: Kernel
    kernel, _, courier = world(
        lambda _delivery: (0.0, Reply(503) if kernel.clock.now < 899 else OK)
    )

    courier.send(webhook())
    run(kernel)

    assert courier.alert_count == 0
    assert courier.lost_count == 0


def test_alert__of_the_app_not_of_each_copy() -> None:
    kernel, _, courier = world(lambda _delivery: (0.0, Reply(500)), copies=3)

    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=100.0)
    run(kernel)

    assert courier.alert_count == 1


def test_alert__again_after_an_acknowledgement() -> None:
    kernel: Kernel
    kernel, _, courier = world(lambda delivery: (0.0, OK if "u1" in delivery.name else Reply(500)))

    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=1_000.0)
    run(kernel)

    # The second outage began with the attempt at 1,500 s; the third one at 2,700 s is late enough.
    assert [(alert.name, alert.at) for alert in courier.alerts] == [
        ("u0.w0", 900.0),
        ("u0.w0", 2_700.0),
    ]


def test_disablement__is_found_once_and_loses_what_was_under_way() -> None:
    kernel, bot, courier = world(lambda _delivery: (0.0, Reply(500)), copies=3)

    courier.send(webhook("u0", "u1"))
    courier.send(webhook("u2"), at=3_000.0)
    run(kernel)

    assert courier.subscribed.stopped == "disabled"
    assert findings(kernel) == [
        (3600.0, "webhook-disabled", ("u0", "u1")),
        (3600.0, "webhook-lost", ("u2",)),
        (3600.0, "webhook-lost", ("u0", "u1")),
    ]
    _, disabled, _, lost = kernel.journal.entries("finding")
    assert disabled.detail == {"since": 0.0, "after_s": 3600.0}
    assert lost.detail == {"webhook": "u0", "copies": 3, "attempts": 13, "why": "disabled"}
    assert courier.lost_count == 2
    assert max(at for at, _ in bot.seen) == 3_300.0
    assert kernel.clock.now == 3600.0


def test_disablement__what_comes_later_is_lost() -> None:
    kernel, bot, courier = world(lambda _delivery: (0.0, Reply(500)), copies=3)
    courier.send(webhook("u0"))
    run(kernel)
    bot.attempts.clear()

    courier.send(webhook("u1"))
    courier.send(webhook("u2"), at=4_000.0)
    run(kernel)

    assert bot.seen == []
    assert findings(kernel)[-2:] == [
        (3600.0, "webhook-lost", ("u1",)),
        (4000.0, "webhook-lost", ("u2",)),
    ]
    *_, lost = kernel.journal.entries("finding")
    assert lost.detail == {"webhook": "u2", "copies": 3, "attempts": 0, "why": "disabled"}


def test_disablement__any_acknowledgement_puts_it_off() -> None:
    kernel, _, courier = world(lambda delivery: (0.0, OK if "u1" in delivery.name else Reply(500)))

    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=3_500.0)
    run(kernel)

    assert courier.subscribed.stopped is None
    assert findings(kernel) == [(3600.0, "webhook-lost", ("u0",))]
    *_, lost = kernel.journal.entries("finding")
    assert lost.detail == {"webhook": "u0", "copies": 1, "attempts": 13, "why": "given up"}


def test_disablement__counts_from_the_failure_after_the_last_acknowledgement() -> None:
    kernel, _, courier = world(lambda delivery: (0.0, OK if "u1" in delivery.name else Reply(500)))

    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=3_500.0)
    courier.send(webhook("u2"), at=3_550.0)
    run(kernel)

    assert [found for found in findings(kernel) if found[1] == "webhook-disabled"] == [
        (7150.0, "webhook-disabled", ("u2",))
    ]


def test_disablement__a_copy_that_was_taken_is_not_lost() -> None:
    kernel, _, courier = world(
        lambda delivery: (0.0, OK if delivery.name == "u0.w1" else Reply(500)), copies=2
    )

    courier.send(webhook())
    run(kernel)

    assert findings(kernel) == [(3600.0, "webhook-disabled", ("u0",))]
    assert courier.lost_count == 0


def test_disablement__an_attempt_that_is_on_its_way_can_still_be_taken() -> None:
    kernel, _, courier = world(
        lambda delivery: (10.0, OK) if delivery.name == "u1.w0" else (0.0, Reply(500))
    )

    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=3_595.0)
    run(kernel)

    assert [found[1] for found in findings(kernel)] == ["webhook-disabled", "webhook-lost"]
    assert findings(kernel)[1][2] == ("u0",)


def test_disablement__an_attempt_that_fails_after_it_is_not_repeated() -> None:
    kernel, bot, courier = world(
        lambda delivery: (10.0 if delivery.name == "u1.w0" else 0.0, Reply(500))
    )

    courier.send(webhook("u0"))
    courier.send(webhook("u1"), at=3_595.0)
    run(kernel)

    assert bot.seen[-1] == (3_595.0, "u1.w0")
    assert findings(kernel)[-1] == (3605.0, "webhook-lost", ("u1",))


def test_resume__what_comes_then_is_sent_and_has_an_hour_of_its_own() -> None:
    kernel, bot, courier = world(lambda _delivery: (0.0, Reply(500)))
    courier.send(webhook("u0"))
    run(kernel)

    courier.subscribed.stopped = None
    courier.resume()
    courier.send(webhook("u1"))
    run(kernel)

    assert bot.seen[-13][1] == "u1.w0"
    assert findings(kernel)[-2:] == [
        (7200.0, "webhook-disabled", ("u1",)),
        (7200.0, "webhook-lost", ("u1",)),
    ]


def test_resume__before_a_later_sending_is_due() -> None:
    kernel, bot, courier = world(
        lambda delivery: (0.0, OK if delivery.name.startswith("u1") else Reply(500)), copies=2
    )
    courier.send(webhook("u0"))
    run(kernel)

    courier.send(webhook("u1"), at=5_000.0)
    courier.subscribed.stopped = None
    courier.resume()
    run(kernel)

    assert bot.seen[-2:] == [(5_000.0, "u1.w0"), (5_000.0, "u1.w1")]


def test_disablement__keeps_only_the_last() -> None:
    kernel, bot, courier = world(lambda _delivery: (0.0, Reply(500)), copies=3)
    for number in range(50):
        courier.send(webhook(f"u{number}"))
    run(kernel)
    bot.deliveries.clear()
    gc.collect()

    # That one could come along with the next.
    assert [found.name for found in gc.get_objects() if isinstance(found, Webhook)] == ["u49"]


def test_cut__ends_the_copies_without_a_loss() -> None:
    kernel, bot, courier = world(lambda _delivery: (0.0, Reply(500)), limits=Limits(deliveries=5))

    courier.send(webhook())
    run(kernel)

    assert len(bot.seen) == 5
    assert [entry.name for entry in kernel.journal.entries("finding")] == ["runaway"]
    assert courier.lost_count == 0


def test_send__at_a_time_with_the_copies_of_the_call() -> None:
    kernel, bot, courier = world(ok_at_once, copies=3)

    courier.send(webhook(), at=2.5, copies=1)
    run(kernel)

    assert bot.seen == [(2.5, "u0.w0")]


def test_send__again_counts_on_and_spaces_from_the_first_of_the_new() -> None:
    kernel, bot, courier = world(ok_at_once, copies=2, spacing="staggered")
    notice = webhook()

    courier.send(notice)
    courier.send(notice, at=10.0)
    run(kernel)

    assert [name for _, name in bot.seen] == ["u0.w0", "u0.w1", "u0.w2", "u0.w3"]
    assert bot.seen[2][0] == 10.0
    assert bot.seen[3][0] > 10.0


def test_send__hands_down_kind_generation_and_routes() -> None:
    kernel, bot, courier = world(
        lambda delivery: (0.0, Reply(500) if delivery.kind == "echo" else OK)
    )

    courier.send(
        Webhook(
            "u0.w0.r0.e0",
            ("u0",),
            7,
            lambda time_ms: join([], time_ms),
            "echo",
            generation=2,
            routes=("/a",),
        )
    )
    run(kernel)

    assert [delivery.kind for delivery in bot.deliveries] == ["echo", "redelivery"]
    assert {(d.generation, d.routes, d.cause) for d in bot.deliveries} == {(2, ("/a",), 7)}


def test_only_the_last_is_kept_once_the_copies_are_taken() -> None:
    kernel, bot, courier = world(ok_at_once, copies=3)
    for number in range(50):
        courier.send(webhook(f"u{number}"))
    run(kernel)
    bot.deliveries.clear()
    gc.collect()

    # That one could come along with the next.
    assert [found.name for found in gc.get_objects() if isinstance(found, Webhook)] == ["u49"]


def test_courier__needs_a_copy() -> None:
    with pytest.raises(ScenarioError, match=r"^copies must be at least 1, not 0$"):
        world(ok_at_once, copies=0)


def test_courier__needs_a_known_spacing() -> None:
    wrong: Spacing = "sometimes"  # type: ignore[assignment]

    with pytest.raises(
        ScenarioError,
        match=r"^spacing must be one of at-once, staggered, shuffled, not sometimes$",
    ):
        world(ok_at_once, spacing=wrong)
