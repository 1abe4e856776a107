from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.journal import Entry, EntryKind
from harness.certify import certify
from harness.metrics import Durations, Metrics, durations_of, measure_runs
from harness.profile import load_profile
from harness.scenarios.scenario import Record

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Played:
    name: str
    record: Record


class Journal:
    """Entries of a run, written one by one."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def note(
        self, what: EntryKind, name: str = "", /, *, at: float = 0.0, cause: int = -1, **detail: Any
    ) -> int:
        seq = len(self.entries)
        self.entries.append(Entry(seq, at, what, name, cause, ("u0",), 0, "i0", detail))
        return seq

    def measured(self, *, choices: tuple[str, ...] = (), virtual_s: float = 0.0) -> Metrics:
        return measure_runs([Played("run", Record(tuple(self.entries), choices, virtual_s))])


def publish(journal: Journal, *, at: float = 0.0, queue: str = "qstash") -> int:
    return journal.note("call", at=at, service=queue, verb="publish")


def test_nothing__measures_nothing() -> None:
    empty = measure_runs([])
    assert (empty.runs, empty.publish_success, empty.publish_duration) == (0, None, Durations())


def test_publish_success__counts_what_the_queue_accepted() -> None:
    journal = Journal()
    for number, status in enumerate((200, 202, 429, 500)):
        call = publish(journal, at=1.0)
        journal.note("answer", at=1.0 + 0.1 * (number + 1), cause=call, status=status)
    found = journal.measured()
    assert (found.publish_calls, found.published, found.publish_success) == (4, 2, 0.5)
    assert found.publish_duration == Durations(p50_s=0.1, p95_s=0.2, p99_s=0.2, max_s=0.2)
    assert found.errors == {"qstash: 429": 1, "qstash: 500": 1}


@pytest.mark.parametrize("queue", ["qstash", "cloudtasks"])
def test_publish_calls__are_those_that_publish_to_a_queue(queue: str) -> None:
    journal = Journal()
    publish(journal, queue=queue)
    journal.note("call", service=queue, verb="read")
    journal.note("call", service="firestore", verb="publish")
    assert journal.measured().publish_calls == 1


def test_publish_success__counts_what_was_refused_as_a_repetition() -> None:
    journal = Journal()
    call = publish(journal, queue="cloudtasks")
    journal.note("duplicate", cause=call)
    journal.note("answer", cause=call, status=409)
    found = journal.measured()
    assert (found.published, found.publish_success, found.errors) == (1, 1.0, {})


def test_late_calls__are_counted_apart_from_publishes() -> None:
    journal = Journal()
    call = publish(journal)
    journal.note("late", cause=call)
    found = journal.measured()
    assert (found.late_calls, found.publish_calls, found.publish_success) == (1, 0, None)


def test_timeouts__of_the_bot_and_of_its_calls() -> None:
    journal = Journal()
    delivery = journal.note("delivery", "u0.w0", kind="user")
    call = publish(journal)
    journal.note("timeout", at=5.0, cause=call, service="qstash", after_s=5.0)
    journal.note("answer", at=9.0, cause=call, status=500)
    journal.note("response", cause=delivery, status="timeout")
    found = journal.measured()
    assert (found.bot_timeouts, found.call_timeouts) == (1, 1)
    # What came after the bot had given up is no second error.
    assert found.errors == {"bot: timeout": 1, "qstash: timeout": 1}


def test_errors__leave_out_probes_and_name_findings() -> None:
    journal = Journal()
    for kind, status in (("probe", 403), ("user", 500), ("queue", 200)):
        journal.note("response", cause=journal.note("delivery", kind=kind), status=status)
    journal.note("finding", "loop")
    assert journal.measured().errors == {"bot: 500": 1, "finding: loop": 1}


def test_duplicates__are_webhooks_beyond_the_first_of_a_notification() -> None:
    journal = Journal()
    for name in ("u0.w0", "u0.w1", "u0.w2", "u1.w0", "u1.w0'"):
        kind = "redelivery" if name.endswith("'") else "user"
        journal.note("delivery", name, kind=kind)
    journal.note("delivery", "u0.w0.q0", kind="queue")
    journal.note("delivery", "u0.w0.q0.e0.w0", kind="echo")
    found = journal.measured()
    assert (found.deliveries, found.duplicates) == (7, 3)


def test_schedules__are_the_different_ones() -> None:
    runs = [
        Played("x", Record((), choices, 1.5)) for choices in (("a", "b"), ("b", "a"), ("a", "b"))
    ]
    found = measure_runs(runs)
    assert (found.runs, found.schedules, found.virtual_s) == (3, 2, 4.5)


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [([3.0], 3.0, 3.0), ([2.0, 1.0], 1.0, 2.0), (list(range(1, 101)), 50.0, 95.0)],
)
def test_percentiles__by_nearest_rank(values: list[float], p50: float, p95: float) -> None:
    found = durations_of(values)
    assert (found.p50_s, found.p95_s, found.max_s) == (p50, p95, max(values))


def test_metrics__of_the_reference_bot() -> None:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml")
    found = certify(profile, root=ROOT, only=["ten-rapid"]).metrics
    # Ten messages in nine webhooks, three copies of each, three times.
    assert (found.runs, found.messages, found.duplicates) == (3, 30, 54)
    assert found.publish_success == 1.0
    assert (found.late_calls, found.bot_timeouts, found.call_timeouts) == (0, 0, 0)
    assert found.virtual_s == pytest.approx(3 * 7 * 86_400, rel=1e-6)
