"""The record of everything that crossed the boundary between the bot and its world, each entry with
its cause.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Literal, NamedTuple

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


@dataclass(slots=True)
class Tally:
    """What happened for one user message, folded as it happened; stays when the entries are
    gone.
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
        self._entries: dict[int, Entry] = {}
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
        self._entries[seq] = Entry(
            seq, time, kind, name, cause, roots, generation, instance, detail
        )
        self.counts[kind] += 1
        counter = _COUNTED.get(kind)
        for root in roots:
            tally = self.tallies.get(root)
            if tally is None:
                tally = self.tallies[root] = Tally()
            if counter is not None:
                setattr(tally, counter, getattr(tally, counter) + 1)
            if kind == "delivery":
                tally.generation = max(tally.generation, generation)
        if len(self._entries) > self._compact_at:
            self._compact()
        return seq

    def entry(self, seq: int) -> Entry | None:
        """The entry with this number, or None when it has been dropped or spilled."""
        return self._entries.get(seq)

    def entries(self, *kinds: EntryKind, root: str | None = None) -> Iterator[Entry]:
        """The entries in memory, oldest first, of these kinds (all when none is named)."""
        for entry in self._entries.values():
            if (not kinds or entry.kind in kinds) and (root is None or root in entry.roots):
                yield entry

    def chain(self, seq: int) -> list[Entry]:
        """The entry and its causes, oldest first; as far as they are still in memory."""
        found = []
        while (entry := self._entries.get(seq)) is not None:
            found.append(entry)
            seq = entry.cause
        return found[::-1]

    def tally(self, root: str) -> Tally:
        return self.tallies.get(root) or Tally()

    def close(self) -> None:
        if self._spill is not None:
            self._spill.close()
            self._spill = None

    def _compact(self) -> None:
        done = {root for root, tally in self.tallies.items() if tally.clean and self.is_quiet(root)}
        before = len(self._entries)
        self._entries = {
            seq: entry
            for seq, entry in self._entries.items()
            if not entry.roots or not done.issuperset(entry.roots)
        }
        excess = len(self._entries) - self.keep // 2
        if excess > 0:
            if self._spill is None:
                self._spill = tempfile.TemporaryFile("w+", prefix="thrice-journal-")  # noqa: SIM115 - closed by close()
            for seq in list(self._entries)[:excess]:
                self._spill.write(json.dumps(self._entries.pop(seq)._asdict(), default=str) + "\n")
        self.dropped += before - len(self._entries)
        self._compact_at = len(self._entries) + self.keep // 2
