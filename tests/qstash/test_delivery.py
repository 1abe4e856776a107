"""Deliveries that come again, answers that get lost, attempts that take too long."""

import pytest

from emulator.errors import ScenarioError
from emulator.exchange import Failure, Reply
from emulator.qstash import Plan
from tests.qstash.support import BROKEN, CONSUMER, HOST, OK, Bench


def retried(bench: Bench) -> list[str | None]:
    return [seen.request.header("Upstash-Retried") for seen in bench.consumer.seen]


def test_redeliver__is_the_same_message_once_more() -> None:
    bench = Bench(BROKEN, OK)
    message_id = bench.publish_id({"Upstash-Retry-Delay": "1000"}, call=bench.call())
    bench.run()

    name = bench.qstash.redeliver(message_id)
    bench.run()

    seen = bench.consumer.seen
    assert name == seen[-1].name == "u0.w0.q0''"
    assert retried(bench) == ["0", "1", "1"]
    assert {one.request.header("Upstash-Message-Id") for one in seen} == {message_id}
    assert seen[-1].request.body == seen[-2].request.body
    assert seen[-1].delivery.roots == ("u0",)
    assert seen[-1].delivery.cause == seen[-2].delivery.cause
    assert (bench.qstash.published, bench.qstash.pending()) == (1, 0)


def test_redeliver__is_signed_afresh() -> None:
    bench = Bench()
    message_id = bench.publish_id()
    bench.run(until=1_000.0)

    bench.qstash.redeliver(message_id)
    bench.run()

    first, second = (seen.request.header("Upstash-Signature") for seen in bench.consumer.seen)
    assert first != second


def test_redeliver__later_and_more_than_once() -> None:
    bench = Bench()
    message_id = bench.publish_id()
    bench.run()

    names = [bench.qstash.redeliver(message_id, after_s=after_s) for after_s in (90.0, 5.0)]
    bench.run()

    assert names == ["x.q0'", "x.q0''"]
    assert [(seen.at_ms, seen.name) for seen in bench.consumer.seen] == [
        (0, "x.q0"),
        (5_000, "x.q0''"),
        (90_000, "x.q0'"),
    ]


@pytest.mark.parametrize("answer", [OK, BROKEN, None, Failure("reset")])
def test_redeliver__has_no_consequences(answer: Reply | Failure | None) -> None:
    bench = Bench(OK, answer)
    message_id = bench.publish_id({"Upstash-Callback": "https://nobody.example/"})
    bench.run(until=100_000.0)
    log = bench.qstash.events()

    bench.qstash.redeliver(message_id)
    bench.run()

    assert len(bench.consumer.seen) == 2
    assert bench.qstash.events() == log
    assert bench.qstash.dead_letters(messageId=message_id) == []


def test_redeliver__as_long_as_the_log_goes_back() -> None:
    bench = Bench()
    message_id = bench.publish_id()
    bench.run(until=3 * 86_400.0)

    bench.qstash.redeliver(message_id)
    bench.run()

    assert len(bench.consumer.seen) == 2


def test_redeliver__only_what_was_delivered() -> None:
    bench = Bench(BROKEN)
    waiting = bench.publish_id({"Upstash-Delay": "1d"})
    dead = bench.publish_id({"Upstash-Retries": "0"})
    bench.run(until=1.0)

    for message_id in (waiting, dead, "msg_1"):
        message = rf"^message {message_id} was not delivered, so it can't come again$"
        with pytest.raises(ScenarioError, match=message):
            bench.qstash.redeliver(message_id)


def test_redeliver__not_for_a_message_that_was_cut() -> None:
    bench = Bench()
    message_id = bench.publish_id(call=bench.call())
    bench.run()
    bench.kernel.cut.add("u0")

    message = rf"^message {message_id} works for a user message that was cut$"
    with pytest.raises(ScenarioError, match=message):
        bench.qstash.redeliver(message_id)


def test_lost_answer__makes_one_more_attempt() -> None:
    bench = Bench(OK)
    message_id = bench.publish_id()

    bench.qstash.lose_answer(message_id)
    bench.run()

    assert retried(bench) == ["0", "1"]
    assert bench.states(message_id) == [
        "CREATED",
        "ACTIVE",
        "ERROR",
        "RETRY",
        "ACTIVE",
        "DELIVERED",
    ]
    (event,) = bench.qstash.events(state="ERROR")
    assert event["error"] == (
        f'unable to send request: Post "{CONSUMER}": '
        "read tcp bot.example:443: read: connection reset by peer"
    )


def test_lost_answer__of_the_attempt_under_way() -> None:
    bench = Bench(None)
    message_id = bench.publish_id({"Upstash-Retries": "1", "Upstash-Timeout": "10s"})
    bench.run(until=1.0)

    bench.qstash.lose_answer(message_id)
    bench.run()

    (first, last) = bench.qstash.events(state="ERROR", order="earliestFirst")
    assert "context deadline exceeded" in str(first["error"])
    assert first["error"] == last["error"]


def test_lost_answer__to_the_last_attempt_is_a_dead_letter() -> None:
    bench = Bench(OK)
    message_id = bench.publish_id({"Upstash-Retries": "0"})

    bench.qstash.lose_answer(message_id)
    bench.run()

    assert [letter["responseStatus"] for letter in bench.qstash.dead_letters()] == [0]
    assert len(bench.consumer.seen) == 1


def test_lost_answer__only_of_what_is_under_way() -> None:
    bench = Bench()
    message_id = bench.publish_id()
    bench.run()

    for unknown in (message_id, "msg_1"):
        message = rf"^message {unknown} is not under way, so no answer can be lost$"
        with pytest.raises(ScenarioError, match=message):
            bench.qstash.lose_answer(unknown)


@pytest.mark.parametrize(
    ("plan", "header", "seconds"),
    [
        (Plan(), {}, 900.0),
        (Plan(), {"Upstash-Timeout": "14m59s"}, 899.0),
        (Plan(), {"Upstash-Timeout": "15m1s"}, 900.0),
        (Plan(), {"Upstash-Timeout": "30d"}, 900.0),
        (Plan(timeout_s=7_200.0), {"Upstash-Timeout": "1h"}, 3_600.0),
    ],
)
def test_timeout__only_shortens_the_plans(
    plan: Plan, header: dict[str, str], seconds: float
) -> None:
    bench = Bench(None, plan=plan)
    bench.publish({**header, "Upstash-Retries": "0"})

    bench.run()

    assert bench.kernel.clock.now == seconds


def test_timeout__is_counted_for_each_attempt() -> None:
    bench = Bench(None)
    bench.publish({"Upstash-Timeout": "30s", "Upstash-Retry-Delay": "1000"})

    bench.run()

    assert [seen.at_ms for seen in bench.consumer.seen] == [0, 31_000, 62_000, 93_000]


@pytest.mark.parametrize(
    ("status", "value", "attempts"),
    [(489, "true", 1), (489, "True", 1), (489, "false", 4), (500, "true", 4), (429, "true", 4)],
)
def test_non_retryable__needs_the_status_and_the_header(
    status: int, value: str, attempts: int
) -> None:
    bench = Bench(Reply(status, (("Upstash-NonRetryable-Error", value),)))
    bench.publish(url=HOST + "/api/consume")

    bench.run()

    assert len(bench.consumer.seen) == attempts
    assert len(bench.qstash.dead_letters()) == 1
