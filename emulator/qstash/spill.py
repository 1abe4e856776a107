"""Old records of a ledger, in a database on disk that nobody else sees and that goes with it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")
Place = tuple[int, int]
# SQLite docs, "Limits": far below the parameters that a statement may have.
MOST_IDS = 1_000


@dataclass(frozen=True, slots=True)
class Coding(Generic[T]):
    """A record as text and back, and the id of the message that it is about."""

    encode: Callable[[T], str]
    decode: Callable[[Place, str], T]
    message_id: Callable[[T], str]


class Spill(Generic[T]):
    """Records by their places. Memory is taken for a part of the database only (SQLite's cache)."""

    __slots__ = ("_coding", "_count", "_database", "_oldest")

    def __init__(self, coding: Coding[T]) -> None:
        self._coding = coding
        self._database: sqlite3.Connection | None = None
        self._count = 0
        self._oldest: Place | None = None

    def __len__(self) -> int:
        return self._count

    def put(self, records: Iterable[tuple[Place, T]]) -> None:
        """Add records that are later than all that are here."""
        coding = self._coding
        rows = [(*place, coding.message_id(one), coding.encode(one)) for place, one in records]
        if not rows:
            return
        if self._database is None:
            # Few worlds live long enough to need it.
            import sqlite3

            # SQLite docs, "In-Memory Databases": the empty name is a temporary file of its own.
            # The world may be made on one thread and live on another, never on both at a time.
            self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._database.execute(
                "CREATE TABLE records(time_ms INTEGER, number INTEGER, message TEXT, record TEXT,"
                " PRIMARY KEY (time_ms, number)) WITHOUT ROWID"
            )
            self._database.execute("CREATE INDEX messages ON records(message, time_ms, number)")
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", rows)
        self._database.execute("COMMIT")
        self._count += len(rows)
        if self._oldest is None:
            self._oldest = rows[0][:2]

    def get(self, place: Place) -> T | None:
        if self._database is None:
            return None
        found = self._database.execute(
            "SELECT record FROM records WHERE time_ms=? AND number=?", place
        ).fetchone()
        return None if found is None else self._coding.decode(place, found[0])

    def remove(self, place: Place) -> T | None:
        """Take a record out; None when there is none."""
        found = self.get(place)
        if found is not None:
            self._delete("time_ms=? AND number=?", place)
        return found

    def purge(self, before_ms: int, most: int) -> None:
        """Forget what is from before a time, and the oldest of more than `most`."""
        if self._oldest is not None and self._oldest[0] < before_ms:
            self._delete("time_ms<?", (before_ms,))
        if self._count > most and self._database is not None:
            places = self._database.execute(
                "SELECT time_ms, number FROM records ORDER BY time_ms, number LIMIT 1 OFFSET ?",
                (self._count - most,),
            ).fetchone()
            if places is None:
                self._delete("1", ())
            else:
                self._delete("(time_ms, number) < (?, ?)", places)

    def walk(
        self, *, latest_first: bool, after: Place | None, message_ids: frozenset[str] | None
    ) -> Iterator[tuple[Place, T]]:
        """The records beyond a place, one by one; of these messages only, if there are not too many
        of them.

        Nothing may be added or taken out meanwhile.
        """
        if self._database is None:
            return
        order = "DESC" if latest_first else "ASC"
        where, values = ["1"], list[object]()
        if after is not None:
            where.append(f"(time_ms, number) {'<' if latest_first else '>'} (?, ?)")
            values += after
        if message_ids is not None and len(message_ids) <= MOST_IDS:
            where.append(f"message IN ({', '.join('?' * len(message_ids))})")
            values += sorted(message_ids)
        rows = self._database.execute(
            f"SELECT time_ms, number, record FROM records WHERE {' AND '.join(where)}"
            f" ORDER BY time_ms {order}, number {order}",
            values,
        )
        for time_ms, number, text in rows:
            place = (time_ms, number)
            yield place, self._coding.decode(place, text)

    def _delete(self, where: str, values: tuple[int, ...]) -> None:
        if self._database is None:
            return
        gone = self._database.execute(f"DELETE FROM records WHERE {where}", values)
        self._count -= gone.rowcount
        self._oldest = self._database.execute(
            "SELECT time_ms, number FROM records ORDER BY time_ms, number LIMIT 1"
        ).fetchone()
