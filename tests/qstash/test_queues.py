"""Queues: order, parallelism, pausing, and what the API says of them."""

import time

import pytest

from emulator.exchange import Reply
from emulator.qstash import Plan
from tests.qstash.support import BROKEN, CONSUMER, HOST, OK, Bench, Consumer, read


def enqueue(bench: Bench, body: str, headers: dict[str, str] | None = None) -> str:
    reply = bench.ask("POST", f"/v2/enqueue/q/{CONSUMER}", headers, body.encode())
    assert reply.status == 200, reply
    return str(read(reply)["messageId"])


def upsert(bench: Bench, **values: object) -> Reply:
    return bench.send("POST", "/v2/queues", {"queueName": "q", **values})


def test_enqueue__makes_a_queue_with_parallelism_1() -> None:
    bench = Bench()
    message_id = enqueue(bench, "a", {"Upstash-Label": "l"})

    assert bench.get("/v2/queues/q") == {
        "name": "q",
        "parallelism": 1,
        "createdAt": 1_790_000_000_000,
        "updatedAt": 1_790_000_000_000,
        "lag": 1,
        "paused": False,
    }
    assert bench.get(f"/v2/messages/{message_id}")["queueName"] == "q"
    bench.run()
    assert bench.get("/v2/queues")[0]["lag"] == 0
    assert len(bench.qstash.events(queueName="q")) == 3


def test_order__one_after_the_other() -> None:
    bench = Bench()
    busy = bench.busy(5.0)
    for body in "abc":
        enqueue(bench, body)

    bench.run()

    assert [(seen.at_ms, seen.request.body) for seen in busy.seen] == [
        (0, b"a"),
        (5_000, b"b"),
        (10_000, b"c"),
    ]


@pytest.mark.parametrize("parallelism", [1, 2, 3])
def test_parallelism(parallelism: int) -> None:
    bench = Bench()
    busy = bench.busy(5.0)
    upsert(bench, parallelism=parallelism)
    for number in range(7):
        enqueue(bench, str(number))

    bench.run()

    assert busy.most == parallelism
    assert bench.bodies() == list("0123456")


def test_order__a_message_that_is_tried_again_holds_up_the_rest() -> None:
    bench = Bench(BROKEN, BROKEN, OK)
    enqueue(bench, "a", {"Upstash-Retries": "1"})
    enqueue(bench, "b")

    bench.run()

    assert [(seen.at_ms, seen.request.body) for seen in bench.consumer.seen] == [
        (0, b"a"),
        (12_182, b"a"),
        (12_182, b"b"),
    ]


def test_order__a_callback_holds_up_the_rest_until_its_end() -> None:
    bench = Bench()
    bench.consumer = bench.kernel.origins[HOST] = Consumer(bench.kernel, OK, BROKEN, OK)
    enqueue(bench, "a", {"Upstash-Callback": HOST + "/told"})
    enqueue(bench, "b")

    bench.run()

    assert [(seen.at_ms, seen.request.raw_path) for seen in bench.consumer.seen] == [
        (0, "/api/consume"),
        (0, "/told"),
        (12_182, "/told"),
        (12_182, "/api/consume"),
    ]


def test_order__a_failure_callback_holds_up_the_rest() -> None:
    bench = Bench()
    bench.consumer = bench.kernel.origins[HOST] = Consumer(bench.kernel, BROKEN, BROKEN, OK)
    enqueue(bench, "a", {"Upstash-Failure-Callback": HOST + "/end", "Upstash-Retries": "0"})
    enqueue(bench, "b")

    bench.run()

    paths = [seen.request.raw_path for seen in bench.consumer.seen]
    assert paths == ["/api/consume", "/end", "/api/consume"]
    assert bench.qstash.pending() == 0


def test_order__a_delayed_message_holds_up_the_rest() -> None:
    bench = Bench()
    enqueue(bench, "a", {"Upstash-Delay": "10s"})
    enqueue(bench, "b")

    bench.run()

    assert [seen.at_ms for seen in bench.consumer.seen] == [10_000, 10_000]
    assert bench.bodies() == ["a", "b"]


def test_pause__stops_deliveries_and_not_enqueues() -> None:
    bench = Bench()
    upsert(bench)
    assert [bench.ask("POST", "/v2/queues/q/pause").status for _ in range(2)] == [200, 200]
    for body in "ab":
        enqueue(bench, body)
    bench.run(until=60.0)
    assert bench.bodies() == []
    assert (bench.get("/v2/queues/q")["lag"], bench.get("/v2/queues/q")["paused"]) == (2, True)

    assert bench.ask("POST", "/v2/queues/q/resume").status == 200
    bench.run()

    assert bench.bodies() == ["a", "b"]
    assert bench.get("/v2/queues/q")["updatedAt"] == 1_790_000_060_000


def test_pause__also_holds_back_a_retry() -> None:
    bench = Bench(BROKEN, OK)
    enqueue(bench, "a")
    bench.run(until=1.0)
    bench.ask("POST", "/v2/queues/q/pause")
    bench.run(until=60.0)
    assert bench.bodies() == ["a"]

    bench.ask("POST", "/v2/queues/q/resume")
    bench.run()

    assert [seen.at_ms for seen in bench.consumer.seen] == [0, 60_000]


def test_upsert__more_parallelism_counts_at_once() -> None:
    bench = Bench()
    busy = bench.busy(5.0)
    for number in range(4):
        enqueue(bench, str(number))
    bench.run(until=1.0)

    upsert(bench, parallelism=3)
    bench.run()

    assert [seen.at_ms for seen in busy.seen] == [0, 1_000, 1_000, 5_000]


def test_cancel__makes_room() -> None:
    bench = Bench()
    upsert(bench, paused=True)
    first, second, third = (enqueue(bench, body) for body in "abc")

    assert bench.ask("DELETE", f"/v2/messages/{second}").status == 202
    bench.ask("POST", "/v2/queues/q/resume")
    bench.run()

    assert bench.bodies() == ["a", "c"]
    assert bench.states(second) == ["CREATED", "CANCEL_REQUESTED", "CANCELED"]
    assert (bench.states(first)[-1], bench.states(third)[-1]) == ("DELIVERED", "DELIVERED")


def test_cancel__of_a_retry_makes_room() -> None:
    bench = Bench(BROKEN, OK)
    first = enqueue(bench, "a")
    enqueue(bench, "b")
    bench.run(until=1.0)

    bench.ask("DELETE", f"/v2/messages/{first}")
    bench.run()

    assert [(seen.at_ms, seen.request.body) for seen in bench.consumer.seen] == [
        (0, b"a"),
        (1_000, b"b"),
    ]


def test_delete__cancels_what_waits() -> None:
    bench = Bench()
    busy = bench.busy(5.0)
    enqueue(bench, "a")
    second = enqueue(bench, "b")
    bench.run(until=1.0)

    assert [bench.ask("DELETE", "/v2/queues/q").status for _ in range(2)] == [200, 200]
    bench.run()

    assert bench.bodies() == ["a"]
    assert bench.states(second)[-1] == "CANCELED"
    assert bench.ask("GET", "/v2/queues/q").status == 404
    assert (bench.qstash.pending(), len(busy.seen)) == (0, 1)


def test_dead_letter__goes_through_the_queue_again() -> None:
    bench = Bench(BROKEN, OK)
    enqueue(bench, "a", {"Upstash-Retries": "0"})
    bench.run()
    (letter,) = bench.qstash.dead_letters(queueName="q")

    bench.ask("POST", f"/v2/dlq/retry/{letter['dlqId']}")

    assert bench.get("/v2/queues/q")["lag"] == 1
    bench.run()
    assert bench.bodies() == ["a", "a"]


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"queueName": "a/b"}, 400, "invalid queue name: 'a/b'"),
        ({}, 400, "invalid queue name: must be a string"),
        (
            {"queueName": "q", "parallelism": 0},
            400,
            "invalid parallelism: must be a whole number greater than zero",
        ),
        ({"queueName": "q", "paused": 1}, 400, "invalid paused: must be true or false"),
        (
            {"queueName": "q", "parallelism": 3},
            412,
            "quota maxParallelism exceeded, current limit: 2",
        ),
        ({"queueName": "third"}, 412, "quota maxQueues exceeded, current limit: 1"),
    ],
)
def test_upsert__refused(body: object, status: int, error: str) -> None:
    bench = Bench(plan=Plan(max_queues=1, max_queue_parallelism=2))
    bench.send("POST", "/v2/queues", {"queueName": "known"})

    reply = bench.send("POST", "/v2/queues", body)

    assert (reply.status, read(reply)) == (status, {"error": error})


def test_enqueue__refused() -> None:
    bench = Bench(plan=Plan(max_queues=1))
    enqueue(bench, "a")

    full = bench.ask("POST", f"/v2/enqueue/other/{CONSUMER}")
    bad = bench.ask("POST", f"/v2/enqueue/a!b/{CONSUMER}")

    assert (full.status, read(full)["error"]) == (412, "quota maxQueues exceeded, current limit: 1")
    assert (bad.status, read(bad)["error"]) == (400, "invalid queue name: 'a!b'")
    assert bench.qstash.published == 1


def test_queue__unknown() -> None:
    bench = Bench()

    replies = [
        bench.ask("GET", "/v2/queues/q"),
        bench.ask("POST", "/v2/queues/q/pause"),
        bench.ask("POST", "/v2/queues/q/resume"),
    ]

    assert [(reply.status, read(reply)["error"]) for reply in replies] == [
        (404, "queue q not found")
    ] * 3


def test_cost__does_not_rise_with_what_waits() -> None:
    def enqueue_and_deliver(waiting: int) -> float:
        bench = Bench()
        bench.kernel.record_choices = False
        upsert(bench, paused=True)
        for number in range(waiting):
            enqueue(bench, str(number))
        start = time.process_time()
        for number in range(waiting, waiting + 100):
            enqueue(bench, str(number))
        bench.ask("POST", "/v2/queues/q/resume")
        while len(bench.consumer.seen) < 100:
            bench.kernel.run_step()
        return time.process_time() - start

    few = min(enqueue_and_deliver(100) for _ in range(3))
    many = min(enqueue_and_deliver(2_000) for _ in range(3))

    assert many < 2 * few


def test_delete__of_a_paused_queue_loses_no_retry() -> None:
    bench = Bench(BROKEN, OK)
    message_id = enqueue(bench, "a")
    bench.run(until=1.0)
    bench.ask("POST", "/v2/queues/q/pause")

    bench.ask("DELETE", "/v2/queues/q")
    bench.run()

    assert bench.states(message_id)[-1] == "DELIVERED"


def test_dead_letter__has_no_queue_to_go_through() -> None:
    bench = Bench(BROKEN, plan=Plan(max_queues=1))
    enqueue(bench, "a", {"Upstash-Retries": "0"})
    bench.run()
    bench.ask("DELETE", "/v2/queues/q")
    bench.send("POST", "/v2/queues", {"queueName": "other"})
    (letter,) = bench.qstash.dead_letters()

    reply = bench.ask("POST", f"/v2/dlq/retry/{letter['dlqId']}")

    assert (reply.status, bench.qstash.pending()) == (412, 0)
    assert bench.qstash.dead_letters() == [letter]
