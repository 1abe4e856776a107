"""Serial: one task after the other, with no race at all. A bot that fails here has no protection
against duplicates.
"""

from collections.abc import Sequence

from harness.explore.complete import in_order
from harness.explore.move import Move


class Serial:
    """Goes on with the task that moved last as long as it can, then takes the next by name."""

    def __init__(self) -> None:
        self._last: Move | None = None

    def choose(self, moves: Sequence[Move]) -> Move:
        self._last = in_order(moves, self._last)[0]
        return self._last
