"""What was asked of a Redis database, by whom, with what result."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

KEEP_OPERATIONS = 1_000
KEEP_KEYS = 20  # of one command; it may touch thousands


@dataclass(frozen=True, slots=True)
class Operation:
    """One command.

    `time` is in seconds of the world's clock; `caller` the call that asked (empty: the harness
    itself), on `instance`; `surface` is how it came, `rest` or `resp`; `keys` are those that it
    names, and `wrote` those that it changed, at most KEEP_KEYS of each; `result` is OK or the first
    word of the error; a `stale` one was answered from before the last writes.
    """

    seq: int
    time: float
    instance: str
    caller: str
    surface: str
    verb: str
    keys: tuple[str, ...]
    wrote: tuple[str, ...]
    result: str
    stale: bool = False


class OpLog:
    """The last `keep` operations, and how many there were."""

    __slots__ = ("count", "rows")

    def __init__(self, *, keep: int = KEEP_OPERATIONS) -> None:
        self.rows: deque[Operation] = deque(maxlen=keep)
        self.count = 0

    def note(
        self,
        verb: str,
        *,
        time: float,
        surface: str,
        keys: Sequence[str] = (),
        wrote: Sequence[str] = (),
        result: str = "OK",
        instance: str = "",
        caller: str = "",
        stale: bool = False,
    ) -> None:
        self.rows.append(
            Operation(
                self.count,
                time,
                instance,
                caller,
                surface,
                verb,
                tuple(keys[:KEEP_KEYS]),
                tuple(wrote[:KEEP_KEYS]),
                result,
                stale,
            )
        )
        self.count += 1
