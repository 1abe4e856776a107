"""The core of the certificate: ten messages of one user within a second, then a day and a week of
silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from emulator.clock import DAY_S, WEEK_S
from emulator.journal import Entry, Tally
from emulator.meta import UserMessage
from emulator.meta.delivery.courier import Spacing
from emulator.schedule import Fifo
from harness.queues import QUEUES
from harness.scenarios.scenario import MakeSchedule, Record, Scenario, record_of
from harness.stage import Stage
from harness.stores import records_of

SENDER = "ada"
# Equal texts, an emoji, a lone slash (signed as `\/`), and at the end two events in one request:
# ten messages.
TEXTS = (
    "hello",
    "hello",
    "how are you? \N{SLIGHTLY SMILING FACE}",
    "/",
    "what's new",
    "ok",
    "hello",
    "bye",
)
BATCH = ("one more thing", "and another")
GAP_S = 0.1
# Long enough for every retry of the queue (12 s, 148 s, 30 min by default), short enough for its
# log (3 days).
SETTLE_S = 3_600.0

SPACINGS: tuple[Spacing, ...] = ("at-once", "staggered", "shuffled")


@dataclass(frozen=True, slots=True)
class Count:
    """What there was at one moment; all counts since the world began."""

    at: float
    publishes: int
    deliveries: int
    records: int


@dataclass(frozen=True, slots=True)
class Rapid:
    """What one run of the scenario left behind."""

    name: str
    record: Record
    messages: tuple[UserMessage, ...]
    tallies: Mapping[str, Tally]
    records: tuple[str, ...]
    events: tuple[Mapping[str, Any], ...]
    dead: tuple[Mapping[str, Any], ...]
    waiting: int
    settled: Count
    day: Count
    week: Count
    pending: tuple[str, ...]
    cut: frozenset[str]
    cold_starts: int
    billed: int = 0

    def of(
        self,
        kind: Literal["publish", "duplicate", "reply", "finding", "call", "delivery"],
        root: str | None = None,
    ) -> list[Entry]:
        return self.record.of(kind, root)

    def finding(self, name: str) -> list[Entry]:
        return [
            entry for entry in self.record.entries if entry.kind == "finding" and entry.name == name
        ]


def play_rapid(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Rapid:
    """Write ten messages, let everything settle, then let a day and a week pass. `name` is the
    spacing of the copies.
    """
    spacing = next(known for known in SPACINGS if known == name)
    with stage.world(spacing=spacing, schedule=schedule) as world:
        store = stage.profile.store
        kept = records_of(world, store.kind if store is not None else "firestore")
        mark = kept.mark()
        messages = [
            world.meta.message(text, sender=SENDER, at=GAP_S * number)
            for number, text in enumerate(TEXTS)
        ]
        messages += world.meta.batch(BATCH, sender=SENDER, at=GAP_S * len(TEXTS))
        collection = store.dedup if store is not None else ""

        def count() -> Count:
            journal = world.journal
            records = len(kept.created_since(mark, collection)) if collection else 0
            return Count(world.now, journal.counts["publish"], journal.counts["delivery"], records)

        world.run_until(SETTLE_S)
        settled = count()
        # The ledger as a user would read it, before the queue's log expires.
        ledger = QUEUES[stage.profile.queue.kind].ledger(world)
        records = tuple(kept.created_since(mark, collection)) if collection else ()
        world.run_until(DAY_S)
        day = count()
        world.run_until(WEEK_S)
        week = count()
        pending = tuple(step.name for step in world.kernel.agenda)
        # Leftovers show themselves only once their own sleeps are over.
        world.advance(seconds=WEEK_S - world.now)
        world.reveal_leftovers()
        return Rapid(
            name=name,
            record=record_of(world),
            messages=tuple(messages),
            tallies={message.root: world.journal.tally(message.root) for message in messages},
            records=records,
            events=ledger.events,
            dead=ledger.dead,
            waiting=ledger.waiting,
            billed=ledger.billed,
            settled=settled,
            day=day,
            week=week,
            pending=pending,
            cut=frozenset(world.kernel.cut),
            cold_starts=world.host.cold_starts,
        )


RAPID = Scenario(
    "rapid", "ten rapid messages in three copies each", SPACINGS, play_rapid, effort=1.0
)
