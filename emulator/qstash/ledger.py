"""Records in order of time, forgotten by age and by number: the log, the dead-letter queue."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from emulator.qstash.spill import Coding, Spill

T = TypeVar("T")

# Records of which more are kept on disk than this are written there, so many at a time.
KEEP_IN_MEMORY = 10_000
SPILL_AT_ONCE = 1_000

# A record's place: Unix milliseconds, and its number among the records of the same millisecond.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some records, and the place of the last one when there are more behind it."""

    records: tuple[T, ...]
    more_after: Place | None


class Weighing(Protocol[T]):
    """What makes records heavy."""

    def weigh(self, record: T) -> int:
        """Bytes that `lighten` would take off; 0 for most."""

    def lighten(self, record: T) -> T:
        """The record without them."""


class Ledger(Generic[T]):
    """At most `keep_records` records, none older than `keep_s` seconds when looked at.

    With a `coding` only the latest stay in memory; the others go to disk, from where they are read
    when somebody asks for them. With `weighing`, of heavy records only the latest are kept whole,
    up to `keep_bytes`.
    """

    __slots__ = (
        *("_bytes", "_heavy", "_last", "_records", "_spill", "_weighing"),
        *("keep_bytes", "keep_ms", "keep_records"),
    )

    def __init__(
        self,
        *,
        keep_s: float,
        keep_records: int,
        keep_bytes: int = 0,
        weighing: Weighing[T] | None = None,
        coding: Coding[T] | None = None,
    ) -> None:
        self.keep_ms = round(keep_s * 1_000)
        self.keep_records = keep_records
        self.keep_bytes = keep_bytes
        self._weighing = weighing
        self._spill: Spill[T] | None = None
        if coding is not None and keep_records > KEEP_IN_MEMORY:
            self._spill = Spill(coding)
        self._heavy: deque[tuple[Place, int]] = deque()
        self._bytes = 0
        self._records: OrderedDict[Place, T] = OrderedDict()
        self._last: Place = (-1, 0)

    def __len__(self) -> int:
        """Records in memory, those not yet purged included."""
        return len(self._records)

    def reserve(self, time_ms: int) -> Place:
        """The place to give the next record of this time. Times must not go back."""
        last_ms, number = self._last
        self._last = (time_ms, number + 1 if time_ms == last_ms else 0)
        return self._last

    def add(self, place: Place, record: T) -> None:
        self._records[place] = record
        if self._weighing is not None and (weight := self._weighing.weigh(record)):
            self._bytes += weight
            self._heavy.append((place, weight))
            while self._bytes > self.keep_bytes and len(self._heavy) > 1:
                self._lighten_one(self._weighing)
        self._bound()
        self.purge(place[0])

    def _bound(self) -> None:
        """Have no more in memory than may be there."""
        records, spill = self._records, self._spill
        if spill is None:
            if len(records) > self.keep_records:
                records.popitem(last=False)
        elif len(records) > KEEP_IN_MEMORY:
            count = min(SPILL_AT_ONCE, KEEP_IN_MEMORY)
            spill.put([records.popitem(last=False) for _ in range(count)])

    def _lighten_one(self, weighing: Weighing[T]) -> None:
        place, weight = self._heavy.popleft()
        self._bytes -= weight
        # It may be gone already; what it weighed was counted until now.
        if place in self._records:
            self._records[place] = weighing.lighten(self._records[place])

    def put_back(self, place: Place, record: T) -> None:
        """Add a record of an earlier time at the place that it had, oldest first."""
        self._records[place] = record
        self._last = place
        self._bound()

    def get(self, place: Place, now_ms: int) -> T | None:
        self.purge(now_ms)
        found = self._records.get(place)
        return self._spill.get(place) if found is None and self._spill is not None else found

    def remove(self, place: Place, now_ms: int) -> T | None:
        """Take a record out; None when there is none."""
        self.purge(now_ms)
        found = self._records.pop(place, None)
        return self._spill.remove(place) if found is None and self._spill is not None else found

    def purge(self, now_ms: int) -> None:
        """Forget what is older than the ledger keeps."""
        while self._records and now_ms - next(iter(self._records))[0] > self.keep_ms:
            self._records.popitem(last=False)
        if self._spill:
            self._spill.purge(now_ms - self.keep_ms, self.keep_records - len(self._records))

    def page(
        self,
        matches: Callable[[Place, T], bool],
        *,
        now_ms: int,
        count: int,
        latest_first: bool,
        after: Place | None = None,
        message_ids: frozenset[str] | None = None,
    ) -> Page[T]:
        """Up to `count` matching records beyond the place `after`, in the order asked for.

        Only records of the messages `message_ids` match, if it is given: those are found sooner.
        """
        self.purge(now_ms)
        found: list[T] = []
        last: Place | None = None
        for place, record in self._walk(latest_first, after, message_ids):
            if not matches(place, record):
                continue
            if len(found) == count:
                return Page(tuple(found), last)
            found.append(record)
            last = place
        return Page(tuple(found), None)

    def _walk(
        self, latest_first: bool, after: Place | None, message_ids: frozenset[str] | None
    ) -> Iterator[tuple[Place, T]]:
        """All records beyond a place, those on disk at their turn."""
        older: Iterator[tuple[Place, T]] = iter(())
        if self._spill is not None:
            older = self._spill.walk(
                latest_first=latest_first, after=after, message_ids=message_ids
            )
        if not latest_first:
            yield from older
        for place in reversed(self._records) if latest_first else self._records:
            if after is None or (place < after if latest_first else place > after):
                yield place, self._records[place]
        if latest_first:
            yield from older


def format_place(place: Place) -> str:
    return f"{place[0]}-{place[1]}"


def parse_place(text: str) -> Place | None:
    """The place that `format_place` wrote, or None for any other text."""
    time_ms, dash, number = text.partition("-")
    if not (dash and text.isascii() and time_ms.isdigit() and number.isdigit() and len(text) < 40):
        return None
    return int(time_ms), int(number)
