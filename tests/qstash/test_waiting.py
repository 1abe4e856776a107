"""Messages that wait: in order of their time, and few steps on the agenda for many of them."""

import pytest

from tests.qstash.support import Bench


def bodies(bench: Bench) -> list[bytes]:
    return [seen.request.body for seen in bench.consumer.seen]


def later(bench: Bench, seconds: int, body: bytes) -> str:
    return bench.publish_id({"Upstash-Delay": f"{seconds}s"}, body)


def test_waiting__ends_in_order_of_time_and_then_of_publishing() -> None:
    bench = Bench()
    for seconds, body in ((9, b"e"), (5, b"b"), (1, b"a"), (5, b"c"), (7, b"d"), (5, b"c2")):
        later(bench, seconds, body)
    bench.run()

    assert bodies(bench) == [b"a", b"b", b"c", b"c2", b"d", b"e"]
    assert [seen.at_ms for seen in bench.consumer.seen] == [
        1_000,
        5_000,
        5_000,
        5_000,
        7_000,
        9_000,
    ]


def test_waiting__takes_one_step_on_the_agenda() -> None:
    bench = Bench()
    for number in range(100):
        later(bench, 100 - number, b"")

    (step,) = bench.kernel.agenda
    assert (step.name, step.due) == ("x.q99/due", 1.0)


def test_waiting__for_a_user_message_has_a_step_of_its_own() -> None:
    bench = Bench()
    call = bench.call()
    for _ in range(3):
        bench.publish({"Upstash-Delay": "1h"}, call=call)

    assert len(bench.kernel.agenda) == 3
    assert bench.kernel.agenda.concerns("u0")


@pytest.mark.parametrize("cancelled", [0, 1, 2])
def test_cancelled__wherever_it_stands(cancelled: int) -> None:
    bench = Bench()
    ids = [later(bench, number + 1, b"%d" % number) for number in range(3)]

    assert bench.ask("DELETE", f"/v2/messages/{ids[cancelled]}").status == 202
    bench.run()

    assert bodies(bench) == [b"%d" % number for number in range(3) if number != cancelled]


def test_cancelled__leaves_nothing_to_wait_for() -> None:
    bench = Bench()
    later(bench, 3_600, b"")

    bench.ask("DELETE", "/v2/messages")

    assert len(bench.kernel.agenda) == 0


def test_cancelled__are_not_kept() -> None:
    bench = Bench()
    later(bench, 1, b"the first")
    for number in range(1_000):
        message_id = later(bench, 3_600 + number, b"")
        bench.ask("DELETE", f"/v2/messages/{message_id}")

    waiting = bench.qstash.engine._waiting
    assert len(waiting) == 1
    assert len(waiting._heap) <= 65
