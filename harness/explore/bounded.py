"""Bounded mode: every schedule with at most so many preemptions. It needs no assumption about
which moves commute.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.explore.complete import in_order
from harness.explore.move import Move
from harness.explore.search import Branch


@dataclass(frozen=True, slots=True)
class Preemptions:
    """All interleavings with at most `most` preemptions, which is to move on to another task while
    the one that moved last could have gone on. The state is how many there were.
    """

    most: int

    def start(self) -> int:
        return 0

    def branch(self, moves: Sequence[Move], last: Move | None, state: int) -> Sequence[Branch]:
        task = last.task if last is not None else ""
        if not any(move.task == task for move in moves):
            return [(move, state) for move in moves]
        return [
            (move, state if move.task == task else state + 1)
            for move in in_order(moves, last)
            if move.task == task or state < self.most
        ]
