"""What an account may use per day and per second, and what a run costs."""

import json

import pytest

from emulator.qstash import Plan
from tests.qstash.support import BROKEN, CONSUMER, HOST, OK, Bench, read

DAILY = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
# The worlds begin on 2026-09-21 at 14:13:20.
MIDNIGHT = 1_790_035_200


def test_day__is_full() -> None:
    bench = Bench(plan=Plan(max_messages_per_day=2))
    bench.publish()
    bench.publish()

    replies = [
        bench.publish(),
        bench.ask("POST", f"/v2/enqueue/q/{CONSUMER}"),
        bench.send("POST", "/v2/batch", [{"destination": CONSUMER}]),
    ]

    for reply in replies:
        assert reply.status == 429
        assert read(reply) == {"error": "quota maxRequestsPerDay exceeded, current limit: 2"}
        assert [reply.header(f"RateLimit-{name}") for name in ("Limit", "Remaining", "Reset")] == [
            "2",
            "0",
            str(MIDNIGHT),
        ]
        assert reply.header("Burst-RateLimit-Limit") is None
    assert bench.qstash.published == 2


def test_day__begins_anew_at_midnight() -> None:
    bench = Bench(plan=Plan(max_messages_per_day=1))
    bench.publish()
    bench.run(until=MIDNIGHT - 1_790_000_000 - 1.0)
    assert bench.publish().status == 429
    bench.run(until=MIDNIGHT - 1_790_000_000)

    assert bench.publish().status == 200


def test_day__a_batch_is_taken_as_a_whole() -> None:
    bench = Bench(plan=Plan(max_messages_per_day=2))

    reply = bench.send("POST", "/v2/batch", [{"destination": CONSUMER}] * 3)

    assert (reply.status, reply.header("RateLimit-Remaining")) == (429, "2")
    assert bench.qstash.published == 0


def test_day__scheduled_messages_count() -> None:
    bench = Bench(plan=Plan(max_messages_per_day=1))
    headers = {"Upstash-Cron": "* * * * *", "Upstash-Schedule-Id": "s"}
    bench.ask("POST", f"/v2/schedules/{CONSUMER}", headers)

    bench.run(until=130.0)

    assert len(bench.consumer.seen) == 1
    error = bench.get("/v2/schedules/s")["error"]
    assert error == "quota maxRequestsPerDay exceeded, current limit: 1"


def test_second__is_full_for_reading_and_managing() -> None:
    bench = Bench(plan=Plan(max_requests_per_second=2))
    for _ in range(2):
        assert bench.ask("GET", "/v2/queues").status == 200

    reply = bench.ask("GET", "/v2/events")

    assert reply.status == 429
    assert read(reply) == {"error": "quota maxRequestsPerSecond exceeded, current limit: 2"}
    headers = [reply.header(f"Burst-RateLimit-{name}") for name in ("Limit", "Remaining", "Reset")]
    assert headers == ["2", "0", "1790000001"]
    assert all(reply.header(name) is None for name in DAILY)
    assert bench.publish().status == 200
    assert bench.send("POST", "/v2/batch", []).status == 200
    bench.run(until=1.0)
    assert bench.ask("GET", "/v2/events").status == 200


def test_second__is_not_for_the_harness() -> None:
    bench = Bench(plan=Plan(max_requests_per_second=1))

    assert [bench.qstash.events() for _ in range(3)] == [[], [], []]


@pytest.mark.parametrize(
    ("script", "attempts", "messages"),
    [((OK,), 1, 1), ((BROKEN, BROKEN, OK), 3, 1)],
)
def test_cost__of_attempts_or_of_messages(
    script: tuple[object, ...], attempts: int, messages: int
) -> None:
    bench = Bench(*script)  # type: ignore[arg-type]
    bench.publish()
    bench.run()

    assert (bench.qstash.cost.attempts, bench.qstash.cost.messages) == (attempts, messages)


def test_cost__callbacks_count_in_both() -> None:
    bench = Bench()
    bench.publish({"Upstash-Callback": HOST + "/told"})
    bench.run()

    assert (bench.qstash.cost.attempts, bench.qstash.cost.messages) == (2, 2)


def test_refusal__is_json() -> None:
    bench = Bench(plan=Plan(max_messages_per_day=0))

    assert set(json.loads(bench.publish().body)) == {"error"}
