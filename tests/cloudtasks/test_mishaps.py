"""What goes wrong on demand."""

import pytest

from emulator.cloudtasks import QUEUE
from emulator.errors import ScenarioError
from emulator.exchange import Reply
from tests.cloudtasks.support import Bench, http

NAME = f"{QUEUE}/tasks/one"


def test_redeliver__comes_with_the_same_counts_and_ends_there() -> None:
    bench = Bench(Reply(200), Reply(500))
    bench.made("one")
    bench.run()
    assert bench.tasks.redeliver(NAME, after_s=5.0) == "x.q0'"
    bench.run()
    assert bench.times == [0.0, 5.0]
    assert bench.header("X-CloudTasks-TaskRetryCount") == "0"


def test_redeliver__of_what_is_not_done() -> None:
    with pytest.raises(ScenarioError, match=rf"^task {NAME} is not done, so it can't come again$"):
        Bench().tasks.redeliver(NAME)


def test_ended_tasks__are_kept_to_a_limit() -> None:
    bench = Bench()
    body = http(b"x" * 1_000_000)
    for number in range(40):
        bench.made(f"n{number}", httpRequest=body)
        bench.run(bench.now + 1.0)
    bench.tasks.redeliver(f"{QUEUE}/tasks/n39")
    with pytest.raises(ScenarioError, match=r"so it can't come again$"):
        bench.tasks.redeliver(f"{QUEUE}/tasks/n0")


def test_lose_answer__is_tried_again() -> None:
    bench = Bench()
    bench.ask("POST", f"{QUEUE}:pause", {})
    bench.made("one")
    bench.tasks.lose_answer(NAME)
    bench.ask("POST", f"{QUEUE}:resume", {})
    bench.run()
    assert bench.times == [0.0, 0.1]
    assert bench.tasks.pending() == 0


def test_lose_answer__of_what_is_not_under_way() -> None:
    text = rf"^task {NAME} is not under way, so no answer can be lost$"
    with pytest.raises(ScenarioError, match=text):
        Bench().tasks.lose_answer(NAME)


def test_disturb__copies_of_each_attempt() -> None:
    bench = Bench()
    bench.tasks.disturb(copies=3, copy_after_s=2.0)
    bench.made()
    bench.run()
    assert bench.times == [0.0, 2.0, 4.0]
    bench.tasks.disturb()
    bench.made()
    bench.run()
    assert len(bench.seen) == 4


def test_disturb__late_and_out_of_order() -> None:
    bench = Bench()
    bench.tasks.disturb(late_s=1.0, spread_s=100.0)
    for number in range(8):
        bench.made(f"n{number}")
    bench.run()
    names = [request.header("X-CloudTasks-TaskName") for _, request in bench.seen]
    assert min(bench.times) >= 1.0
    assert names != sorted(str(name) for name in names)


def test_operations__tell_what_happened() -> None:
    bench = Bench(Reply(500), Reply(200))
    bench.made("one")
    bench.run()
    told = [(one.what, one.status) for one in bench.tasks.operations()]
    assert told == [
        ("created", 0),
        ("dispatched", 0),
        ("failed", 500),
        ("dispatched", 500),
        ("done", 200),
    ]
