"""Replaying a recorded execution move by move, and believing in a failure only when it comes back
the same each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.explore.execution import Execution, System
from harness.explore.move import Move

CONFIRMATIONS = 3


@dataclass(frozen=True, slots=True)
class Replayed:
    """`diverged` tells the first difference from what was recorded; empty when there is none."""

    execution: Execution
    diverged: str = ""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Replays of one failure, up to the first that did not repeat it."""

    replays: tuple[Replayed, ...]
    confirmed: bool

    @property
    def diverged(self) -> str:
        """How the last replay differs; empty when the failure is confirmed."""
        return self.replays[-1].diverged


def replay(system: System, names: Sequence[str], signatures: Sequence[str] = ()) -> Replayed:
    """Make exactly these moves, as long as each has the signature that was recorded for it.

    Without `signatures` only names are compared.
    """
    follower = _Follower(names, signatures)
    execution = system.execute(follower)
    made = len(execution.moves)
    if not follower.diverged and made < len(names):
        follower.diverged = f"move {made + 1}: {names[made]} was recorded, and the run has ended"
    return Replayed(execution, follower.diverged)


def confirm(system: System, failure: Execution, times: int = CONFIRMATIONS) -> Confirmation:
    """Replay a failure so many times: each must make the same calls and break the same oracles."""
    replays: list[Replayed] = []
    signatures = [move.signature for move in failure.moves]
    for _ in range(times):
        replayed = replay(system, failure.names, signatures)
        if not replayed.diverged and replayed.execution.violations != failure.violations:
            now, then = (
                ", ".join(execution.violations) or "nothing"
                for execution in (replayed.execution, failure)
            )
            replayed = Replayed(replayed.execution, f"it broke {now}, not {then}")
        replays.append(replayed)
        if replayed.diverged:
            return Confirmation(tuple(replays), False)
    return Confirmation(tuple(replays), True)


class _Follower:
    """Gives an execution up at the first difference."""

    def __init__(self, names: Sequence[str], signatures: Sequence[str]) -> None:
        self._names = names
        self._signatures = signatures
        self._position = 0
        self.diverged = ""

    def choose(self, moves: Sequence[Move]) -> Move | None:
        position = self._position
        self._position += 1
        offered = ", ".join(move.name for move in moves)
        if position >= len(self._names):
            self.diverged = f"move {position + 1}: nothing was recorded, and there is {offered}"
            return None
        name = self._names[position]
        move = next((move for move in moves if move.name == name), None)
        if move is None:
            self.diverged = f"move {position + 1}: {name} was recorded, and there is {offered}"
            return None
        if self._signatures and move.signature != self._signatures[position]:
            self.diverged = (
                f"move {position + 1}: {name} was recorded as {self._signatures[position]!r}, "
                f"and it is {move.signature!r}"
            )
            return None
        return move
