"""Lockstep: all tasks advance one move at a time, as simultaneous duplicates on equal machines do.

It finds every plain check-then-act in one execution. It is no proof: it never finds a lock that is
written and then read back.
"""

from collections.abc import Sequence

from harness.explore.move import Move


class Lockstep:
    """Chooses the task that has waited longest since its last move; new ones first, then by
    name.
    """

    def __init__(self) -> None:
        self._moved: dict[str, int] = {}
        self._moves = 0

    def choose(self, moves: Sequence[Move]) -> Move:
        # `min` keeps the first of equals, and they come by name.
        move = min(moves, key=lambda candidate: self._moved.get(candidate.task, -1))
        self._moved[move.task] = self._moves
        self._moves += 1
        return move
