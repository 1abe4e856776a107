"""Complete mode: every schedule, or one of each class of schedules that differ only in the order
of moves that commute.

What an oracle says of one schedule it says of its whole class, so sleep sets miss nothing. They
are never combined with a preemption bound: that would miss classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.explore.move import Move, independent
from harness.explore.search import Branch


def in_order(moves: Sequence[Move], last: Move | None) -> Sequence[Move]:
    """The moves of the task that moved last first, then by name."""
    if last is None or len(moves) == 1:
        return moves
    task = last.task
    return [move for move in moves if move.task == task] + [
        move for move in moves if move.task != task
    ]


@dataclass(frozen=True, slots=True)
class EveryOrder:
    """All interleavings. Assumes nothing of which moves commute, so it checks `SleepSets`."""

    def start(self) -> None:
        return None

    def branch(self, moves: Sequence[Move], last: Move | None, state: None) -> Sequence[Branch]:
        return [(move, None) for move in in_order(moves, last)]


Sleeping = tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class SleepSets:
    """One complete execution for each class. The state is the moves that sleep: those after which
    nothing new would come, until a move is made that they do not commute with.
    """

    def start(self) -> Sleeping:
        return ()

    def branch(self, moves: Sequence[Move], last: Move | None, state: Sleeping) -> Sequence[Branch]:
        # A move that sleeps and can not be made any more was ended by one it depends on.
        names = {move.name for move in state}
        sleeping = [move for move in moves if move.name in names]
        branches: list[Branch] = []
        for move in in_order(moves, last):
            if move.name not in names:
                branches.append((move, tuple([s for s in sleeping if independent(s, move)])))
                sleeping.append(move)
        return branches
