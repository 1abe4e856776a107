"""What is explored, and what an exploration is told of each execution. The same for a model in
memory, a simulated bot and a live one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.explore.move import Move


class Chooser(Protocol):
    """Picks the next move of one execution. Made anew for each."""

    def choose(self, moves: Sequence[Move]) -> Move | None:
        """One of `moves`, which come in the order of their names and are never none; or None, to
        give the execution up: what it would show has been seen.
        """


@dataclass(frozen=True, slots=True)
class Execution:
    """What one execution came to.

    `moves` are those made, in order. `violations` are the oracles that it broke, and is meaningful
    only for a `complete` one: an execution that was given up is blocked, not judged. `evidence` is
    whatever the system keeps of it.
    """

    moves: tuple[Move, ...]
    complete: bool
    violations: tuple[str, ...] = ()
    evidence: Any = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(move.name for move in self.moves)


class System(Protocol):
    """Runs from a fresh start as often as it is asked to; the same choices give the same run."""

    def execute(self, chooser: Chooser) -> Execution:
        """One execution, in which `chooser` is asked whenever there is something to choose, and
        also when there is a single move.
        """
