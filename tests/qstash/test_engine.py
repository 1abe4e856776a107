"""Attempts: their times, their number, their ends."""

import pytest

from emulator.chance import BASE58
from emulator.exchange import Failure, Outcome, Reply
from emulator.kernel import Kernel, Limits
from emulator.qstash import Plan, QStash
from tests.qstash.support import BROKEN, CONSUMER, HOST, OK, Bench, Consumer, read


def times_ms(bench: Bench) -> list[int]:
    return [seen.at_ms for seen in bench.consumer.seen]


def test_delivered__at_once_and_once() -> None:
    bench = Bench()
    message_id = bench.publish_id()

    bench.run()

    assert times_ms(bench) == [0]
    assert bench.states(message_id) == ["CREATED", "ACTIVE", "DELIVERED"]
    assert bench.qstash.pending() == 0


def test_retries__default_table_to_exhaustion() -> None:
    bench = Bench(BROKEN)
    message_id = bench.publish_id({"Upstash-Retries": "5"})

    bench.run()

    waits_ms = [12_182, 148_413, 1_808_042, 22_026_466, 86_400_000]
    assert times_ms(bench) == [sum(waits_ms[:number]) for number in range(6)]
    assert [seen.request.header("Upstash-Retried") for seen in bench.consumer.seen] == list(
        "012345"
    )
    assert {seen.request.header("Upstash-Message-Id") for seen in bench.consumer.seen} == {
        message_id
    }
    assert bench.states(message_id) == [
        "CREATED",
        *["ACTIVE", "ERROR", "RETRY"] * 5,
        "ACTIVE",
        "ERROR",
        "FAILED",
    ]
    assert bench.qstash.pending() == 0
    assert len(bench.kernel.agenda) == 0


def test_retries__end_with_the_first_success() -> None:
    bench = Bench(BROKEN, Reply(404), OK)
    message_id = bench.publish_id()

    bench.run()

    assert times_ms(bench) == [0, 12_182, 160_595]
    assert bench.states(message_id)[-1] == "DELIVERED"
    assert bench.qstash.dead_letters() == []


def test_retries__none() -> None:
    bench = Bench(BROKEN)
    bench.publish({"Upstash-Retries": "0"})

    bench.run()

    assert times_ms(bench) == [0]
    assert len(bench.qstash.dead_letters()) == 1


@pytest.mark.parametrize("status", [100, 199, 300, 301, 302, 304, 400, 429, 489, 500])
def test_status__outside_200_to_299_is_a_failure(status: int) -> None:
    bench = Bench(Reply(status, (("Location", HOST + "/elsewhere"),)), OK)
    bench.publish()

    bench.run()

    assert times_ms(bench) == [0, 12_182]
    assert {seen.request.url for seen in bench.consumer.seen} == {CONSUMER}


def test_non_retryable__ends_at_once() -> None:
    bench = Bench(Reply(489, (("upstash-nonretryable-error", "true"),), b"never"))
    message_id = bench.publish_id()

    bench.run()

    assert times_ms(bench) == [0]
    assert bench.states(message_id) == ["CREATED", "ACTIVE", "ERROR", "FAILED"]
    assert [letter["responseBody"] for letter in bench.qstash.dead_letters()] == ["never"]


def test_hint__sets_the_wait_and_adds_no_retries() -> None:
    bench = Bench(
        Reply(503, (("Retry-After", "5"),)), Reply(429, (("X-RateLimit-Reset", "1m"),)), BROKEN
    )
    bench.publish({"Upstash-Retries": "2", "Upstash-Retry-Delay": "7000"})

    bench.run()

    assert times_ms(bench) == [0, 5_000, 65_000]


def test_hint__zero_is_at_once() -> None:
    bench = Bench(Reply(503, (("Retry-After", "0"),)))
    message_id = bench.publish_id({"Upstash-Retries": "2"})

    bench.run()

    assert times_ms(bench) == [0, 0, 0]
    assert bench.states(message_id)[-1] == "FAILED"


def test_hint__date_is_counted_from_the_clock_of_the_bot() -> None:
    bench = Bench(Reply(503, (("Retry-After", "Mon, 21 Sep 2026 14:13:50 GMT"),)), OK)
    bench.publish({"Upstash-Delay": "10s"})

    bench.run()

    assert times_ms(bench) == [10_000, 30_000]


def test_retry_delay__expression() -> None:
    bench = Bench(BROKEN)
    bench.publish({"Upstash-Retry-Delay": "pow(2, retried) * 1000"})

    bench.run()

    assert times_ms(bench) == [0, 1_000, 3_000, 7_000]


def test_timeout__aborts_and_retries_from_there() -> None:
    bench = Bench(None)
    bench.publish({"Upstash-Timeout": "30s", "Upstash-Retries": "1"})

    bench.run()

    assert times_ms(bench) == [0, 42_182]
    assert bench.kernel.clock.now == pytest.approx(72.182)


@pytest.mark.parametrize(("header", "seconds"), [({}, 900.0), ({"Upstash-Timeout": "1h"}, 900.0)])
def test_timeout__is_the_plans_at_most(header: dict[str, str], seconds: float) -> None:
    bench = Bench(None)
    bench.publish({**header, "Upstash-Retries": "0"})

    bench.run()

    assert bench.kernel.clock.now == seconds


@pytest.mark.parametrize(
    ("headers", "at_ms"),
    [
        ({"Upstash-Delay": "1m30s"}, 90_000),
        ({"Upstash-Not-Before": "1790000042"}, 42_000),
        ({"Upstash-Not-Before": "1790000042", "Upstash-Delay": "7d"}, 42_000),
        ({"Upstash-Not-Before": "1"}, 0),
        ({"Upstash-Delay": "0s"}, 0),
    ],
)
def test_delay(headers: dict[str, str], at_ms: int) -> None:
    bench = Bench()
    bench.publish(headers)

    bench.run()

    assert times_ms(bench) == [at_ms]


def test_delay__shows_in_message_and_log() -> None:
    bench = Bench()
    message_id = bench.publish_id({"Upstash-Delay": "10s"})

    shown = read(bench.ask("GET", f"/v2/messages/{message_id}"))
    (created,) = bench.qstash.events()

    assert (shown["createdAt"], shown["notBefore"]) == (1_790_000_000_000, 1_790_000_010_000)
    assert created["nextDeliveryTime"] == 1_790_000_010_000


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (Failure("refused"), "dial tcp bot.example:443: connect: connection refused"),
        (Failure("dns"), "dial tcp: lookup bot.example: no such host"),
        (Failure("reset"), "read tcp bot.example:443: read: connection reset by peer"),
        (
            Failure("timeout"),
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        ),
    ],
)
def test_failure__is_logged_and_retried(failure: Outcome, text: str) -> None:
    bench = Bench(failure, OK)
    bench.publish()

    bench.run()

    (event,) = bench.qstash.events(state="ERROR")
    assert event["error"] == f'unable to send request: Post "{CONSUMER}": {text}'
    assert "responseStatus" not in event
    assert times_ms(bench) == [0, 12_182]


def test_cancel__while_waiting() -> None:
    bench = Bench()
    message_id = bench.publish_id({"Upstash-Delay": "1h"})

    reply = bench.ask("DELETE", f"/v2/messages/{message_id}")

    assert (reply.status, read(reply)) == (202, {"cancelled": 1})
    assert bench.states(message_id) == ["CREATED", "CANCEL_REQUESTED", "CANCELED"]
    assert (bench.qstash.pending(), len(bench.kernel.agenda)) == (0, 0)
    assert bench.ask("DELETE", f"/v2/messages/{message_id}").status == 404


def test_cancel__while_waiting_for_a_retry() -> None:
    bench = Bench(BROKEN)
    message_id = bench.publish_id()
    bench.run(until=1.0)

    assert bench.ask("DELETE", f"/v2/messages/{message_id}").status == 202
    bench.run()

    assert times_ms(bench) == [0]
    assert bench.states(message_id)[-3:] == ["RETRY", "CANCEL_REQUESTED", "CANCELED"]
    assert bench.qstash.dead_letters() == []


def test_cancel__makes_a_running_attempt_the_last() -> None:
    bench = Bench(None)
    message_id = bench.publish_id({"Upstash-Timeout": "10s"})
    bench.run(until=1.0)

    for _ in range(2):
        assert bench.ask("DELETE", f"/v2/messages/{message_id}").status == 202
    assert bench.qstash.pending() == 1
    bench.run()

    assert bench.states(message_id) == [
        "CREATED",
        "ACTIVE",
        "CANCEL_REQUESTED",
        "ERROR",
        "CANCELED",
    ]
    assert (times_ms(bench), bench.qstash.pending()) == ([0], 0)


def test_finished__is_readable_for_ten_seconds() -> None:
    bench = Bench()
    message_id = bench.publish_id()
    bench.run(until=10.0)
    assert bench.ask("GET", f"/v2/messages/{message_id}").ok

    bench.run(until=10.001)

    reply = bench.ask("GET", f"/v2/messages/{message_id}")
    assert reply.status == 404
    assert read(reply) == {"error": f"message {message_id} not found"}


def test_message_id__has_the_shape_and_depends_on_the_name_only() -> None:
    first, second = Bench().publish_id(), Bench().publish_id(body=b"other")

    assert first == second
    assert first != Bench(seed=1).publish_id()
    assert first.startswith("msg_")
    assert len(first) == 63
    assert set(first[4:]) <= set(BASE58)


def test_attempts__carry_names_roots_and_generation() -> None:
    bench = Bench(BROKEN)
    call = bench.call()
    bench.publish(call=call)

    bench.run()

    names = [seen.name for seen in bench.consumer.seen]
    assert names == ["u0.w0.q0", "u0.w0.q0'", "u0.w0.q0''", "u0.w0.q0'3"]
    (publish,) = bench.kernel.journal.entries("publish")
    for seen in bench.consumer.seen:
        assert seen.delivery.kind == "queue"
        assert seen.delivery.roots == ("u0",)
        assert seen.delivery.generation == 1
        assert seen.delivery.routes == ("/api/webhook",)
        assert seen.delivery.cause == publish.seq


def test_waiting_message__keeps_its_root_busy() -> None:
    bench = Bench()
    bench.publish({"Upstash-Delay": "1h"}, call=bench.call())

    assert bench.kernel.agenda.concerns("u0")
    bench.run()
    assert not bench.kernel.agenda.concerns("u0")


def test_dead__is_noted_with_its_cause() -> None:
    bench = Bench(BROKEN)
    bench.publish({"Upstash-Retries": "1"}, call=bench.call())

    bench.run()

    (publish,) = bench.kernel.journal.entries("publish")
    (dead,) = bench.kernel.journal.entries("dead")
    (letter,) = bench.qstash.dead_letters()
    assert (dead.name, dead.cause, dead.roots) == ("u0.w0.q0", publish.seq, ("u0",))
    assert dead.detail == {
        "message_id": letter["messageId"],
        "dlq_id": letter["dlqId"],
        "status": 500,
        "attempts": 2,
    }


def test_cut_message__is_held_for_ever() -> None:
    kernel = Kernel(limits=Limits(generation=0))
    bench = Bench()
    bench.kernel = kernel
    bench.qstash = QStash(kernel)
    bench.consumer = kernel.origins[HOST] = Consumer(kernel)

    reply = bench.publish(call=bench.call())
    bench.run()

    assert reply.status == 200
    assert bench.consumer.seen == []
    assert bench.states(read(reply)["messageId"]) == ["CREATED"]
    assert (bench.qstash.pending(), bench.qstash.published) == (1, 1)
    assert [entry.name for entry in kernel.journal.entries("finding")] == ["runaway"]


def test_log__is_bounded_by_number_and_age() -> None:
    bench = Bench(plan=Plan(max_log_entries=4))
    bench.publish()
    bench.publish()
    bench.run(until=1.0)

    assert [event["state"] for event in bench.qstash.events()] == [
        "DELIVERED",
        "ACTIVE",
        "DELIVERED",
        "ACTIVE",
    ]
    bench.run(until=3 * 86_400.0 + 1)
    assert bench.qstash.events() == []


def test_dead_letters__expire_after_three_days() -> None:
    bench = Bench(BROKEN)
    bench.publish({"Upstash-Retries": "0"})
    bench.run(until=3 * 86_400.0)
    (letter,) = bench.qstash.dead_letters()

    bench.run(until=3 * 86_400.0 + 0.001)

    assert bench.qstash.dead_letters() == []
    assert bench.ask("GET", f"/v2/dlq/{letter['dlqId']}").status == 404
