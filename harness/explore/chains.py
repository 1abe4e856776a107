"""Sorting the moves of a running execution into causal chains, as they appear.

Each chain holds moves of which every one could only come after the one before. With at most w
moves that are all independent of each other in cause, there are at most w(w+1)/2 chains (Agarwal
and Garg, "Efficient dependency tracking for relevant events in concurrent systems").
"""

from collections.abc import Sequence

from harness.explore.move import Move

NOTHING: frozenset[str] = frozenset()


class Chains:
    """Sees every choice and every move made of one execution.

    A move is caused by the move before it appeared, and by the one its task made before.
    """

    def __init__(self) -> None:
        self._chain: dict[str, int] = {}
        # Names of all moves that a move comes after, itself included.
        self._past: dict[str, frozenset[str]] = {}
        self._last_of: dict[str, str] = {}
        self._last = ""
        # The newest move of each chain. The chains are kept in groups: the first has room for one,
        # the second for two, and so on. The newest moves of a group are all independent of each
        # other, and another group is begun only when all are full: so there are at most w.
        self._newest: list[str] = []
        self._groups: list[list[int]] = []

    @property
    def count(self) -> int:
        return len(self._newest)

    def see(self, moves: Sequence[Move]) -> None:
        """Place those of the moves that were not there at the choice before."""
        for move in moves:
            if move.name not in self._chain:
                past = self._past.get(self._last, NOTHING)
                past |= self._past.get(self._last_of.get(move.task, ""), NOTHING)
                self._past[move.name] = past | {move.name}
                self._chain[move.name] = self._place(move.name, past)

    def made(self, move: Move) -> None:
        self._last = self._last_of[move.task] = move.name

    def of(self, move: Move) -> int:
        """The number of the chain that the move is in."""
        return self._chain[move.name]

    def _place(self, name: str, past: frozenset[str]) -> int:
        for place, group in enumerate(self._groups):
            chain = next((one for one in group if self._newest[one] in past), None)
            if chain is None:
                continue
            self._newest[chain] = name
            group.remove(chain)
            if place:
                # The group before is independent of this move, else its chain had been taken.
                before = self._groups[place - 1]
                self._groups[place - 1 : place + 1] = [group, [*before, chain]]
            else:
                group.append(chain)
            return chain
        chain = len(self._newest)
        self._newest.append(name)
        for size, group in enumerate(self._groups, 1):
            if len(group) < size:
                group.append(chain)
                return chain
        self._groups.append([chain])
        return chain
