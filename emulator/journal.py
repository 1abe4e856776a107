"""The record of everything that crossed the boundary between the bot and its world, each entry with
its cause.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import IO, Final, Literal, NamedTuple

EntryKind = Literal[
    "message",  # a user wrote
    "delivery",  # a request to the bot begins
    "response",  # it was answered, or failed
    "call",  # the bot's request to a fake arrived
    "answer",  # it was applied and answered
    "fault",  # something other than the service's own answer came of it, on purpose
    "timeout",  # the bot gave up waiting for the answer
    "late",  # a request that arrived after, or was still parked at, the end of its invocation
    "publish",  # a queue message was accepted as new
    "duplicate",  # a publish was swallowed by deduplication
    "reply",  # a message of the bot was accepted for a user
    "dead",  # a queue message went to the dead-letter queue
    "instance",  # cold start, freeze, kill, recycle
    "finding",  # something that is wrong whatever the checks say
]

NOTHING: Mapping[str, object] = {}

# Entries kept in memory before the journal lets go of what is quiet and clean, or spills; 10
# messages make about 400.
KEEP_ENTRIES = 50_000


class Entry(NamedTuple):
    """One boundary crossing. A tuple, because nothing is made more often.

    `time` is in seconds of the world's clock, `cause` the `seq` of the entry that led to this one
    (-1: none), `roots` the user messages it works for, `generation` the publishes, echoes and
    self-posts between the user's message and here.
    """

    seq: int
    time: float
    kind: EntryKind
    name: str
    cause: int
    roots: tuple[str, ...]
    generation: int
    instance: str
    detail: Mapping[str, object]


# An entry without its detail, and where two of its fields are.
_Row = tuple[int, float, EntryKind, str, int, tuple[str, ...], int, str]
_KIND: Final = 2
_ROOTS: Final = 5


@dataclass(slots=True)
class Tally:
    """What happened for one user message, folded as it happened; stays when the entries are
    gone.

    One that is `shared` stands for several messages that went alike.
    """

    publishes: int = 0
    duplicates: int = 0
    deliveries: int = 0
    replies: int = 0
    calls: int = 0
    late: int = 0
    dead: int = 0
    findings: int = 0
    generation: int = 0
    shared: bool = field(default=False, repr=False, compare=False)

    @property
    def clean(self) -> bool:
        return (
            self.publishes <= 1
            and self.replies <= 1
            and not (self.late or self.dead or self.findings)
        )


_COUNTED: Mapping[str, str] = {
    "publish": "publishes",
    "duplicate": "duplicates",
    "delivery": "deliveries",
    "reply": "replies",
    "call": "calls",
    "late": "late",
    "dead": "dead",
    "finding": "findings",
}
_VALUES = attrgetter(*_COUNTED.values(), "generation")


class Journal:
    """Append-only. Counters fold at append, so a count costs nothing however long the run was.

    At most `keep` entries stay in memory: beyond that the entries of user messages that are quiet
    (`is_quiet`) and clean are dropped, and if that is not enough the oldest go to a temporary file,
    which `close` removes.
    """

    def __init__(self, *, keep: int = KEEP_ENTRIES) -> None:
        self.keep = keep
        self.is_quiet: Callable[[str], bool] = lambda root: False
        self.tallies: dict[str, Tally] = {}
        self.counts: Counter[str] = Counter()
        self.dropped = 0
        # Apart, and as plain tuples, which Python's search for cycles leaves alone as soon as they
        # hold nothing but texts and numbers. Going through all entries again and again would take
        # an eighth of a long run.
        self._entries: dict[int, _Row] = {}
        self._details: dict[int, Mapping[str, object]] = {}
        # One for all messages that went alike and are over, as most of a long run are.
        self._shared: dict[object, Tally] = {}
        self._compact_at = keep
        self._next = 0
        self._spill: IO[str] | None = None

    def __len__(self) -> int:
        """Entries ever written."""
        return self._next

    def note(
        self,
        kind: EntryKind,
        name: str,
        *,
        time: float,
        cause: int = -1,
        roots: tuple[str, ...] = (),
        generation: int = 0,
        instance: str = "",
        detail: Mapping[str, object] = NOTHING,
    ) -> int:
        """Append an entry and return its sequence number."""
        seq = self._next
        self._next += 1
        self._entries[seq] = (seq, time, kind, name, cause, roots, generation, instance)
        if detail:
            self._details[seq] = detail
        self.counts[kind] += 1
        counter = _COUNTED.get(kind)
        for root in roots:
            tally = self.tallies.get(root)
            if tally is None:
                tally = self.tallies[root] = Tally()
            elif tally.shared:
                tally = self.tallies[root] = replace(tally, shared=False)
            if counter is not None:
                setattr(tally, counter, getattr(tally, counter) + 1)
            if kind == "delivery":
                tally.generation = max(tally.generation, generation)
        if len(self._entries) > self._compact_at:
            self._compact()
        return seq

    def entry(self, seq: int) -> Entry | None:
        """The entry with this number, or None when it has been dropped or spilled."""
        row = self._entries.get(seq)
        return None if row is None else self._whole(row)

    def entries(self, *kinds: EntryKind, root: str | None = None) -> Iterator[Entry]:
        """The entries in memory, oldest first, of these kinds (all when none is named)."""
        details = self._details
        for row in self._entries.values():
            if (not kinds or row[_KIND] in kinds) and (root is None or root in row[_ROOTS]):
                yield Entry(*row, details.get(row[0], NOTHING))

    def chain(self, seq: int) -> list[Entry]:
        """The entry and its causes, oldest first; as far as they are still in memory."""
        found = []
        while (entry := self.entry(seq)) is not None:
            found.append(entry)
            seq = entry.cause
        return found[::-1]

    def tally(self, root: str) -> Tally:
        return self.tallies.get(root) or Tally()

    def close(self) -> None:
        if self._spill is not None:
            self._spill.close()
            self._spill = None

    def _whole(self, row: _Row) -> Entry:
        return Entry(*row, self._details.get(row[0], NOTHING))

    def _compact(self) -> None:
        # Not all that were ever written, or a long run would cost more and more.
        roots = {root for row in self._entries.values() for root in row[_ROOTS]}
        done = {root for root in roots if self.tallies[root].clean and self.is_quiet(root)}
        for root in done:
            tally = self.tallies[root]
            if not tally.shared:
                alike = self.tallies[root] = self._shared.setdefault(_VALUES(tally), tally)
                alike.shared = True
        before = len(self._entries)
        self._entries = {
            seq: row
            for seq, row in self._entries.items()
            if not row[_ROOTS] or not done.issuperset(row[_ROOTS])
        }
        excess = len(self._entries) - self.keep // 2
        if excess > 0:
            if self._spill is None:
                self._spill = tempfile.TemporaryFile("w+", prefix="thrice-journal-")  # noqa: SIM115 - closed by close()
            for seq in list(self._entries)[:excess]:
                entry = self._whole(self._entries.pop(seq))
                self._spill.write(json.dumps(entry._asdict(), default=str) + "\n")
        kept = self._entries
        self._details = {seq: one for seq, one in self._details.items() if seq in kept}
        self.dropped += before - len(self._entries)
        self._compact_at = len(self._entries) + self.keep // 2
