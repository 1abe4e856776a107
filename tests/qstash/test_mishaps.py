"""Deliveries that come in copies, late, or in another order."""

import re

import pytest

from emulator.errors import ScenarioError
from tests.qstash.support import BROKEN, CONSUMER, OK, Bench


def at_ms(bench: Bench) -> list[int]:
    return [seen.at_ms for seen in bench.consumer.seen]


def test_copies__are_the_same_message_and_only_the_first_counts() -> None:
    bench = Bench(OK, BROKEN)
    bench.qstash.disturb(copies=3, copy_after_s=0.5)
    message_id = bench.publish_id(body=b"once")
    bench.run()

    assert at_ms(bench) == [0, 500, 1_000]
    assert {seen.request.header("Upstash-Message-Id") for seen in bench.consumer.seen} == {
        message_id
    }
    assert {seen.request.body for seen in bench.consumer.seen} == {b"once"}
    assert len({seen.name for seen in bench.consumer.seen}) == 3
    assert len({seen.request.header("Upstash-Signature") for seen in bench.consumer.seen}) == 3
    assert bench.states(message_id) == ["CREATED", "ACTIVE", "DELIVERED"]
    assert bench.qstash.engine.attempts == 1


def test_copies__of_every_attempt() -> None:
    bench = Bench(BROKEN, OK)
    bench.qstash.disturb(copies=2)
    bench.publish_id()
    bench.run()

    assert at_ms(bench) == [0, 0, 12_182, 12_182]
    assert [seen.request.header("Upstash-Retried") for seen in bench.consumer.seen] == [
        *("0", "0"),
        *("1", "1"),
    ]


def test_late__comes_later_than_it_is_due() -> None:
    bench = Bench(BROKEN, OK)
    bench.qstash.disturb(late_s=30.0)
    bench.publish_id({"Upstash-Delay": "10s"})
    bench.run()

    assert at_ms(bench) == [40_000, 82_182]


def test_spread__lets_messages_overtake_each_other() -> None:
    sent = [f"{number}" for number in range(10)]

    def received(seed: int) -> list[str]:
        bench = Bench(seed=seed)
        bench.qstash.disturb(spread_s=5.0)
        for body in sent:
            bench.publish_id(body=body.encode())
        bench.run()
        assert max(at_ms(bench)) < 5_000
        return bench.bodies()

    assert received(1) != sent
    assert sorted(received(1)) == sent
    assert received(1) == received(1) != received(2)


def test_spread__keeps_the_order_of_a_queue() -> None:
    bench = Bench()
    bench.qstash.disturb(late_s=1.0, spread_s=5.0)
    for number in range(10):
        bench.ask("POST", f"/v2/enqueue/q/{CONSUMER}", body=b"%d" % number)
    bench.run()

    assert bench.bodies() == [f"{number}" for number in range(10)]


def test_without_arguments__everything_is_as_usual() -> None:
    bench = Bench()
    bench.qstash.disturb(copies=2, late_s=1.0)
    bench.qstash.disturb()
    bench.publish_id()
    bench.run()

    assert at_ms(bench) == [0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"copies": 0}, "copies have to be from 1 to 100, not 0"),
        ({"copies": 101}, "copies have to be from 1 to 100, not 101"),
        ({"late_s": -1.0}, "late_s has to be a number of seconds, not -1"),
        ({"spread_s": float("nan")}, "spread_s has to be a number of seconds, not nan"),
    ],
)
def test_disturb__refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ScenarioError, match=f"^{re.escape(message)}$"):
        Bench().qstash.disturb(**wrong)  # type: ignore[arg-type]
