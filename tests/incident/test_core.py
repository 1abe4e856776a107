"""The event core: order, time, and what handlers may wait for."""

from collections.abc import Coroutine
from typing import Any

import pytest

from emulator.errors import EmulatorBug
from harness.incident.core import LATER, Ask, Core, Task


def handler(core: Core, seen: list[tuple[str, float]], name: str) -> Coroutine[Any, Any, str]:
    async def run() -> str:
        for _ in range(2):
            seen.append((name, core.clock.now))
            await Ask(lambda task, argument: argument, None)
        return name

    return run()


def test_events__of_one_moment_keep_their_order() -> None:
    core = Core(latency_s=0.001)
    seen: list[str] = []
    for name in ("c", "a", "b"):
        core.at(1.0, seen.append, name)
    core.at(0.5, seen.append, "first")
    core.run()
    assert seen == ["first", "c", "a", "b"]


def test_handlers__that_start_together_advance_in_lockstep() -> None:
    core = Core(latency_s=0.5)
    seen: list[tuple[str, float]] = []
    ended: list[str] = []
    for name in ("a", "b"):
        core.start(Task(handler(core, seen, name), None, lambda task, value: ended.append(value)))
    core.run()
    assert seen == [("a", 0.0), ("b", 0.0), ("a", 0.5), ("b", 0.5)]
    assert ended == ["a", "b"]
    assert core.clock.now == 1.0


def test_call__takes_effect_after_the_latency_and_is_answered_with_it() -> None:
    core = Core(latency_s=0.25)
    effects: list[float] = []
    answers: list[object] = []

    async def run() -> None:
        answers.append(await Ask(lambda task, argument: effects.append(core.clock.now), None))
        answers.append(await Ask(lambda task, argument: argument * 2, 21))

    core.start(Task(run(), None, lambda task, value: None))
    core.run()
    assert effects == [0.25]
    assert answers == [None, 42]


def test_call__may_be_answered_later() -> None:
    core = Core(latency_s=0.0)
    waiting: list[Task] = []
    answers: list[object] = []

    def hold(task: Task, argument: object) -> object:
        waiting.append(task)
        return LATER

    async def run() -> None:
        answers.append(await Ask(hold, None))

    core.start(Task(run(), None, lambda task, value: None))
    core.run()
    assert answers == []
    core.answer(waiting[0], "at last")
    assert answers == ["at last"]


def test_run__stops_at_the_horizon() -> None:
    core = Core(latency_s=0.0)
    seen: list[int] = []
    for second in range(5):
        core.at(float(second), seen.append, second)
    core.run(until=2.0)
    assert seen == [0, 1, 2]
    assert (core.clock.now, len(core)) == (2.0, 2)


def test_handler__that_waits_for_something_else() -> None:
    class Stranger:
        def __await__(self) -> Any:
            yield "a future"

    async def run() -> None:
        await Stranger()

    with pytest.raises(
        EmulatorBug, match=r"^a handler waits for 'a future', which is no call to a service$"
    ):
        Core(latency_s=0.0).start(Task(run(), None, lambda task, value: None))
