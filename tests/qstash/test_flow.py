"""Flow control: parallelism and rate by key, pinning, pausing; and the account's parallelism."""

from typing import Any

import pytest

from emulator.qstash import Plan
from tests.qstash.support import BROKEN, HOST, OK, Bench, read

START = 1_790_000_000


def limited(value: str, key: str = "k") -> dict[str, str]:
    return {"Upstash-Flow-Control-Key": key, "Upstash-Flow-Control-Value": value}


def publish(bench: Bench, count: int, value: str, key: str = "k") -> list[str]:
    return [bench.publish_id(limited(value, key), str(number).encode()) for number in range(count)]


def key_of(bench: Bench, key: str = "k") -> dict[str, Any]:
    found = bench.get(f"/v2/flowControl/{key}")
    assert isinstance(found, dict)
    return found


def change(bench: Bench, what: str, key: str = "k") -> None:
    reply = bench.ask("POST", f"/v2/flowControl/{key}/{what}")
    assert (reply.status, reply.body) == (200, b""), reply


def test_key__exists_as_soon_as_the_publish_is_answered() -> None:
    bench = Bench()
    message_id = bench.publish_id(limited("parallelism=2, rate=10,period=1m"))

    assert key_of(bench) == {
        "flowControlKey": "k",
        "waitListSize": 0,
        "parallelismMax": 2,
        "parallelismCount": 1,
        "rateMax": 10,
        "rateCount": 1,
        "ratePeriod": 60,
        "ratePeriodStart": START,
        "isPaused": False,
        "isPinnedParallelism": False,
        "isPinnedRate": False,
    }
    message = bench.get(f"/v2/messages/{message_id}")
    assert {
        name: message[name] for name in ("flowControlKey", "parallelism", "rate", "period")
    } == {
        "flowControlKey": "k",
        "parallelism": 2,
        "rate": 10,
        "period": 60,
    }


def test_message__shows_only_the_limits_that_it_has() -> None:
    bench = Bench()
    message = bench.get(f"/v2/messages/{bench.publish_id(limited('rate=1'))}")

    assert (message["rate"], message["period"]) == (1, 1)
    assert "parallelism" not in message


def test_keys__are_listed_and_searched() -> None:
    bench = Bench()
    for key in ("orders/a b", "orders/c", "mail"):
        publish(bench, 1, "rate=1", key)

    assert [one["flowControlKey"] for one in bench.get("/v2/flowControl?search=orders")] == [
        "orders/a b",
        "orders/c",
    ]
    assert len(bench.get("/v2/flowControl")) == 3
    assert key_of(bench, "orders/a%20b")["flowControlKey"] == "orders/a b"


def test_key__unknown() -> None:
    reply = Bench().ask("GET", "/v2/flowControl/k")

    assert (reply.status, read(reply)) == (404, {"error": "flow control key k not found"})


@pytest.mark.parametrize("parallelism", [1, 3])
def test_parallelism(parallelism: int) -> None:
    bench = Bench()
    busy = bench.busy(5.0)
    publish(bench, 7, f"parallelism={parallelism}")
    bench.run(until=1.0)
    assert (key_of(bench)["waitListSize"], key_of(bench)["parallelismCount"]) == (
        7 - parallelism,
        parallelism,
    )

    bench.run()

    assert busy.most == parallelism
    assert bench.bodies() == list("0123456")


def test_rate__per_period() -> None:
    bench = Bench()
    publish(bench, 5, "rate=2,period=10s")

    bench.run()

    assert [seen.at_ms for seen in bench.consumer.seen] == [0, 0, 10_000, 10_000, 20_000]


def test_rate__retries_count() -> None:
    bench = Bench(BROKEN, OK)
    bench.publish_id({**limited("rate=1,period=20s"), "Upstash-Retry-Delay": "1000"})

    bench.run()

    assert [seen.at_ms for seen in bench.consumer.seen] == [0, 20_000]


def test_keys__do_not_hold_each_other_up() -> None:
    bench = Bench()
    busy = bench.busy(5.0)
    publish(bench, 2, "parallelism=1", "a")
    publish(bench, 2, "parallelism=1", "b")

    bench.run()

    assert [seen.at_ms for seen in busy.seen] == [0, 0, 5_000, 5_000]


def test_limits__are_those_of_the_message_published_last() -> None:
    bench = Bench()
    busy = bench.busy(5.0)
    publish(bench, 3, "parallelism=1")
    bench.run(until=1.0)

    publish(bench, 1, "parallelism=3")
    bench.run(until=2.0)

    assert [seen.at_ms for seen in busy.seen] == [0, 1_000, 1_000]


def test_pause__keeps_messages_and_lets_the_period_run() -> None:
    bench = Bench()
    change(bench, "pause")
    publish(bench, 2, "rate=1,period=10s")
    bench.run()
    assert (bench.kernel.clock.now, bench.consumer.seen) == (0.0, [])
    assert (key_of(bench)["isPaused"], key_of(bench)["waitListSize"]) == (True, 2)
    bench.run(until=25.0)

    change(bench, "resume")
    bench.run()

    assert [seen.at_ms for seen in bench.consumer.seen] == [25_000, 30_000]


def test_pin__makes_what_messages_say_void() -> None:
    bench = Bench()
    busy = bench.busy(5.0)
    change(bench, "pin?parallelism=1")
    publish(bench, 3, "parallelism=9")

    bench.run()

    assert busy.most == 1
    assert (key_of(bench)["isPinnedParallelism"], key_of(bench)["isPinnedRate"]) == (True, False)


def test_pin__of_a_rate_begins_a_period() -> None:
    bench = Bench()
    publish(bench, 3, "rate=1,period=1m")
    bench.run(until=7.0)

    change(bench, "pin?rate=2&period=30")

    assert (key_of(bench)["ratePeriodStart"], key_of(bench)["rateCount"]) == (START + 7, 2)
    bench.run()
    assert [seen.at_ms for seen in bench.consumer.seen] == [0, 7_000, 7_000]
    assert (key_of(bench)["ratePeriod"], key_of(bench)["isPinnedRate"]) == (30, True)


def test_unpin__keeps_the_values_until_a_message_says_otherwise() -> None:
    bench = Bench()
    change(bench, "pin?parallelism=4&rate=5&period=60")
    change(bench, "unpin?parallelism=true&rate=true")
    kept = key_of(bench)

    publish(bench, 1, "parallelism=2,rate=3")

    assert (kept["parallelismMax"], kept["rateMax"], kept["ratePeriod"]) == (4, 5, 60)
    assert (kept["isPinnedParallelism"], kept["isPinnedRate"]) == (False, False)
    now = key_of(bench)
    assert (now["parallelismMax"], now["rateMax"], now["ratePeriod"]) == (2, 3, 1)


def test_unpin__of_one_leaves_the_other() -> None:
    bench = Bench()
    change(bench, "pin?parallelism=4&rate=5")
    change(bench, "unpin?rate=true")

    assert (key_of(bench)["isPinnedParallelism"], key_of(bench)["isPinnedRate"]) == (True, False)


@pytest.mark.parametrize("what", ["resetRate", "reset"])
def test_reset_rate__begins_a_period(what: str) -> None:
    bench = Bench()
    publish(bench, 3, "rate=1,period=10s")
    bench.run(until=4.0)

    change(bench, what)
    bench.run()

    assert [seen.at_ms for seen in bench.consumer.seen] == [0, 4_000, 14_000]


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("pin", "nothing to pin: needs parallelism, rate or period"),
        ("pin?rate=0", "invalid rate: must be greater than zero"),
        ("pin?parallelism=x", "invalid parallelism: 'x' is not a whole number"),
        ("pin?period=8d", "invalid period: period '8d' is not between 1s and 7d"),
        ("unpin?rate=maybe", "invalid rate: 'maybe' is neither true nor false"),
    ],
)
def test_change__refused(what: str, error: str) -> None:
    reply = Bench().ask("POST", f"/v2/flowControl/k/{what}")

    assert (reply.status, read(reply)) == (400, {"error": error})


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        (
            {"Upstash-Flow-Control-Key": "k"},
            "invalid Upstash-Flow-Control-Value: is needed with Upstash-Flow-Control-Key",
        ),
        (
            {"Upstash-Flow-Control-Value": "rate=1"},
            "invalid Upstash-Flow-Control-Key: is needed with Upstash-Flow-Control-Value",
        ),
        (
            limited("speed=1"),
            "invalid Upstash-Flow-Control-Value: 'speed=1' is not one of parallelism=, rate=, "
            "period=",
        ),
    ],
)
def test_publish__refused(headers: dict[str, str], error: str) -> None:
    reply = Bench().publish(headers)

    assert (reply.status, read(reply)) == (400, {"error": error})


def test_cancel__of_a_message_that_waits_for_its_key() -> None:
    bench = Bench()
    first, second, third = publish(bench, 3, "rate=1,period=10s")

    bench.ask("DELETE", f"/v2/messages/{second}")
    bench.run()

    assert bench.bodies() == ["0", "2"]
    assert bench.states(second)[-1] == "CANCELED"
    assert (bench.states(first)[-1], bench.states(third)[-1]) == ("DELIVERED", "DELIVERED")


def test_cancel__of_the_last_that_waits_leaves_nothing_pending() -> None:
    bench = Bench()
    _, second = publish(bench, 2, "rate=1,period=1h")
    bench.run(until=1.0)

    bench.ask("DELETE", f"/v2/messages/{second}")

    assert len(bench.kernel.agenda) == 0


def test_callback__has_limits_of_its_own() -> None:
    bench = Bench()
    headers = {
        "Upstash-Callback": HOST + "/told",
        "Upstash-Callback-Flow-Control-Key": "told",
        "Upstash-Callback-Flow-Control-Value": "rate=1, period=1h",
    }
    for _ in range(2):
        bench.publish_id(headers)
    bench.run(until=1.0)

    assert key_of(bench, "told")["waitListSize"] == 1


def test_global_parallelism() -> None:
    bench = Bench(plan=Plan(max_global_parallelism=2))
    busy = bench.busy(5.0)
    for number in range(3):
        bench.publish_id(body=str(number).encode())
    publish(bench, 2, "parallelism=2")
    bench.run(until=1.0)
    assert bench.get("/v2/globalParallelism") == {"parallelismMax": 2, "parallelismCount": 2}

    bench.run()

    assert busy.most == 2
    assert sorted(bench.bodies()) == ["0", "0", "1", "1", "2"]
    assert bench.get("/v2/globalParallelism")["parallelismCount"] == 0


def test_global_parallelism__no_limit_is_0() -> None:
    assert Bench().get("/v2/globalParallelism") == {"parallelismMax": 0, "parallelismCount": 0}


def test_global_parallelism__keys_take_turns() -> None:
    bench = Bench(plan=Plan(max_global_parallelism=1))
    busy = bench.busy(1.0)
    for key in ("a", "b"):
        for number in range(3):
            bench.publish_id(limited("parallelism=5", key), f"{key}{number}".encode())

    bench.run()

    assert busy.most == 1
    assert bench.bodies() == ["a0", "a1", "b0", "a2", "b1", "b2"]
