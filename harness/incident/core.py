"""A lean discrete-event core: one heap, one clock, coroutines driven by `send`.

For cascades of half a million deliveries, where a world's agenda, journal and gate would cost more
than the bot; not for judging bots.
"""

import heapq
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from emulator.clock import VIRTUAL_EPOCH, VirtualClock
from emulator.errors import EmulatorBug


class Ask:
    """What a handler awaits: one call to a service.

    `apply` is the call's effect, performed at one instant with `argument`; what it returns is the
    answer. An effect that can not answer yet returns LATER, and calls `Core.answer` itself.
    """

    __slots__ = ("apply", "argument")

    def __init__(self, apply: Callable[["Task", Any], object], argument: Any) -> None:
        self.apply = apply
        self.argument = argument

    def __await__(self) -> Generator["Ask", Any, Any]:
        return (yield self)


class Task:
    """A handler that runs: its coroutine, what it works for, and who is told of its end."""

    __slots__ = ("coroutine", "done", "subject")

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, Any],
        subject: Any,
        done: Callable[["Task", Any], None],
    ) -> None:
        self.coroutine = coroutine
        self.subject = subject
        self.done = done


LATER = object()


class Core:
    """Events in order of (due, sequence): a run is a pure function of what was put in.

    Every call takes effect, and is answered, `latency_s` after it was made.
    """

    def __init__(self, *, latency_s: float, epoch: float = VIRTUAL_EPOCH) -> None:
        self.clock = VirtualClock(epoch)
        self.latency_s = latency_s
        self._heap: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._sequence = 0

    def __len__(self) -> int:
        """Events that are still to come."""
        return len(self._heap)

    def at(self, due: float, action: Callable[[Any], None], argument: Any) -> None:
        """Have `action(argument)` done at `due`, in seconds of the clock."""
        self._sequence += 1
        heapq.heappush(self._heap, (due, self._sequence, action, argument))

    def run(self, until: float | None = None) -> None:
        """Perform events, up to and including those at `until`, or until there is none."""
        heap, clock, pop = self._heap, self.clock, heapq.heappop
        while heap and (until is None or heap[0][0] <= until):
            due, _, action, argument = pop(heap)
            if due > clock.now:
                clock.move_to(due)
            action(argument)

    def start(self, task: Task) -> None:
        """Run a handler to its first call."""
        self.answer(task, None)

    def answer(self, task: Task, value: object) -> None:
        """Go on with a handler that waits; raises EmulatorBug if it waits for something else than
        an Ask.
        """
        try:
            asked = task.coroutine.send(value)
        except StopIteration as end:
            task.done(task, end.value)
            return
        if not isinstance(asked, Ask):
            raise EmulatorBug(f"a handler waits for {asked!r}, which is no call to a service")
        self._sequence += 1
        due = self.clock.now + self.latency_s
        heapq.heappush(self._heap, (due, self._sequence, self._take_effect, (task, asked)))

    def _take_effect(self, parked: tuple[Task, Ask]) -> None:
        task, asked = parked
        value = asked.apply(task, asked.argument)
        if value is not LATER:
            self.answer(task, value)
