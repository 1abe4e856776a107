"""What was asked of the store, by whom, with what result and at what price."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from emulator.firestore.writes import Delete, Write

KEEP_OPERATIONS = 1_000
KEEP_PATHS = 20  # of one operation; a commit may touch thousands of documents


@dataclass(frozen=True, slots=True)
class Billed:
    """Billable units (Firestore docs, "Quotas and limits"): documents read, written, deleted."""

    reads: int = 0
    writes: int = 0
    deletes: int = 0

    def __add__(self, other: "Billed") -> "Billed":
        return Billed(
            self.reads + other.reads, self.writes + other.writes, self.deletes + other.deletes
        )


NOTHING = Billed()


def billed_for_reading(documents: int) -> Billed:
    """One read per document; finding nothing costs one as well."""
    return Billed(reads=max(1, documents))


def billed_for_writing(writes: Sequence[Write]) -> Billed:
    """One unit per write of a commit that succeeded, also of one that changed nothing.

    A refused commit costs nothing.
    """
    deletes = sum(isinstance(write, Delete) for write in writes)
    return Billed(writes=len(writes) - deletes, deletes=deletes)


@dataclass(frozen=True, slots=True)
class Operation:
    """One request to the store.

    `time` is in seconds of the world's clock; `caller` the invocation that asked (empty: the
    harness itself), on `instance`; `paths` are full names, at most KEEP_PATHS of them; `result` is
    OK or the status of the error; `transaction` is the id of the one that it belonged to or began.
    """

    seq: int
    time: float
    instance: str
    caller: str
    verb: str
    paths: tuple[str, ...]
    result: str
    billed: Billed
    transaction: str = ""


class OpLog:
    """The last `keep` operations, and the running total of all."""

    __slots__ = ("billed", "count", "rows")

    def __init__(self, *, keep: int = KEEP_OPERATIONS) -> None:
        self.rows: deque[Operation] = deque(maxlen=keep)
        self.billed = NOTHING
        self.count = 0

    def note(
        self,
        verb: str,
        paths: Sequence[str],
        *,
        time: float,
        result: str = "OK",
        billed: Billed = NOTHING,
        instance: str = "",
        caller: str = "",
        transaction: str = "",
    ) -> Operation:
        kept = tuple(paths[:KEEP_PATHS])
        row = Operation(self.count, time, instance, caller, verb, kept, result, billed, transaction)
        self.count += 1
        self.billed += billed
        self.rows.append(row)
        return row
