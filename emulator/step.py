"""Steps: the things that could happen next, and the agenda that holds them."""

import heapq
from collections.abc import Callable, Iterator
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.call import Call


class StepKind(Enum):
    """What a step does when it is performed."""

    START = "start"  # hand a delivery to an instance
    ANSWER = "answer"  # apply a parked call's effect and answer it
    FIRE = "fire"  # a timer of the world
    WAKE = "wake"  # a wait of the bot's own is over


class Step:
    """One thing a schedule may pick.

    `name` is causal (`u0.w1`, `u0.w1#0`), never a count of creation, so that a trace names the same
    step in every run. `task` is the delivery it belongs to; `due` is in seconds of the world's
    clock; `roots` are the user messages it works for; `call` is what it answers, if anything.
    """

    __slots__ = ("call", "due", "kind", "name", "pending", "perform", "roots", "seq", "task")

    def __init__(
        self,
        name: str,
        kind: StepKind,
        due: float,
        perform: Callable[[], None],
        *,
        task: str = "",
        roots: tuple[str, ...] = (),
        call: "Call | None" = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.due = due
        self.perform = perform
        self.task = task
        self.roots = roots
        self.call = call
        self.seq = 0
        self.pending = False

    def __repr__(self) -> str:
        return f"<{self.kind.value} {self.name} at {self.due:.3f}>"


def _nothing() -> None:
    """What a step does that is off the agenda."""


class Agenda:
    """All pending steps, in a heap of (due, sequence). Adding, taking and dropping cost O(log n)
    each.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Step]] = []
        self._sequence = 0
        self._pending = 0
        self._by_root: dict[str, int] = {}

    def __len__(self) -> int:
        return self._pending

    def __iter__(self) -> Iterator[Step]:
        """The pending steps in the order (due, sequence); O(n log n), for search and reports
        only.
        """
        return (entry[2] for entry in sorted(self._heap) if entry[2].pending)

    def add(self, step: Step) -> Step:
        self._sequence += 1
        step.seq = self._sequence
        step.pending = True
        self._pending += 1
        for root in step.roots:
            self._by_root[root] = self._by_root.get(root, 0) + 1
        heapq.heappush(self._heap, (step.due, step.seq, step))
        return step

    def drop(self, step: Step) -> None:
        """Take a step off the agenda; dropping one that is gone already does nothing."""
        if not step.pending:
            return
        step.pending = False
        # Whatever it would have done refers to the call or delivery that refers to the step; left
        # in place, each invocation would leave circles for the garbage collector.
        step.perform = _nothing
        self._pending -= 1
        for root in step.roots:
            left = self._by_root[root] - 1
            if left:
                self._by_root[root] = left
            else:
                del self._by_root[root]
        # Dropped entries stay in the heap until they surface; rebuilt once they outnumber the
        # pending ones, so memory stays bounded.
        if len(self._heap) > 64 and len(self._heap) > 2 * self._pending:
            self._heap = [entry for entry in self._heap if entry[2].pending]
            heapq.heapify(self._heap)

    def earliest(self) -> Step | None:
        while self._heap and not self._heap[0][2].pending:
            heapq.heappop(self._heap)
        return self._heap[0][2] if self._heap else None

    def due_by(self, moment: float) -> list[Step]:
        """The pending steps that are due at `moment` or earlier, in the order (due, sequence);
        O(n).
        """
        due = [entry for entry in self._heap if entry[0] <= moment and entry[2].pending]
        return [entry[2] for entry in sorted(due)]

    def concerns(self, root: str) -> bool:
        """Whether anything pending works for this user message."""
        return root in self._by_root
