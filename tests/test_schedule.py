"""Replay: recorded choices again, in a world that is run piece by piece."""

from functools import partial

import pytest

from emulator.chance import Chance
from emulator.kernel import Kernel
from emulator.schedule import DivergedError, Fifo, Replay


def world(choices: list[str]) -> tuple[Kernel, list[str], Replay]:
    """A kernel that follows the choices, and what was done in it."""
    made: list[Replay] = []

    def follow(chance: Chance) -> Replay:
        made.append(Replay(choices, Fifo(chance)))
        return made[0]

    kernel = Kernel(schedule=follow)
    return kernel, [], made[0]


def plan(kernel: Kernel, done: list[str], *steps: tuple[str, float]) -> None:
    for name, due in steps:
        kernel.at(due, name, partial(done.append, name))


def run(kernel: Kernel, until: float | None = None) -> None:
    while kernel.run_step(until):
        pass


def test_replay__takes_the_recorded_order_not_the_due_one() -> None:
    kernel, done, replay = world(["b", "a"])
    plan(kernel, done, ("a", 1.0), ("b", 1.0))
    run(kernel)
    assert done == ["b", "a"]
    replay.check_end()


def test_replay__goes_on_where_the_record_ends() -> None:
    kernel, done, replay = world(["b"])
    plan(kernel, done, ("a", 1.0), ("b", 1.0), ("c", 0.5))
    run(kernel)
    assert done == ["b", "c", "a"]
    replay.check_end()


def test_replay__waits_where_the_scenario_does() -> None:
    kernel, done, replay = world(["a", "b", "c", "d"])
    plan(kernel, done, ("a", 1.0), ("c", 9.0))
    run(kernel, until=5.0)
    assert done == ["a"]
    plan(kernel, done, ("b", 6.0))
    run(kernel)
    assert done == ["a", "b", "c"]
    plan(kernel, done, ("d", 12.0))
    run(kernel)
    assert done == ["a", "b", "c", "d"]
    replay.check_end()


def test_replay__raises_once_something_else_was_done() -> None:
    kernel, done, _ = world(["a", "b"])
    plan(kernel, done, ("a", 1.0), ("x", 2.0), ("y", 3.0))
    with pytest.raises(
        DivergedError, match=r"^diverged at step 2: recorded b, but pending is x, y$"
    ):
        run(kernel)
    assert done == ["a", "x"]


def test_replay__raises_when_the_record_goes_on() -> None:
    kernel, done, replay = world(["a", "b"])
    plan(kernel, done, ("a", 1.0))
    run(kernel)
    with pytest.raises(
        DivergedError, match=r"^diverged at step 2: recorded b, but pending is nothing$"
    ):
        replay.check_end()


def test_replay__raises_when_it_ends_with_something_else() -> None:
    kernel, done, _ = world(["a", "b"])
    plan(kernel, done, ("a", 1.0), ("x", 2.0))
    with pytest.raises(DivergedError, match=r"^diverged at step 2: recorded b, but pending is x$"):
        run(kernel)
