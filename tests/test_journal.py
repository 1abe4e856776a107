"""What the journal keeps, lets go of, and counts on."""

import gc
from collections.abc import Iterator

import pytest

from emulator.journal import NOTHING, Entry, Journal


@pytest.fixture
def journal() -> Iterator[Journal]:
    journal = Journal(keep=10)
    journal.is_quiet = lambda root: True
    yield journal
    journal.close()


def write(journal: Journal, count: int, *, replies: int = 1) -> None:
    """So many messages from the one after the latest on, with so many replies each."""
    first = len(journal.tallies)
    for number in range(first, first + count):
        roots = (f"u{number}",)
        journal.note("message", f"u{number}", time=0.0, roots=roots, detail={"text": "hi"})
        for _ in range(replies):
            journal.note("reply", f"u{number}.r", time=0.0, roots=roots)


def test_entry__is_as_it_was_noted(journal: Journal) -> None:
    first = journal.note("message", "u0", time=1.0, roots=("u0",), detail={"text": "hi"})
    second = journal.note("call", "u0.w0#0", time=2.0, cause=first, generation=1, instance="i0")

    assert journal.entry(first) == Entry(
        0, 1.0, "message", "u0", -1, ("u0",), 0, "", {"text": "hi"}
    )
    assert journal.entry(second) == Entry(1, 2.0, "call", "u0.w0#0", 0, (), 1, "i0", NOTHING)
    assert [entry.detail for entry in journal.entries()] == [{"text": "hi"}, NOTHING]
    assert [entry.name for entry in journal.chain(second)] == ["u0", "u0.w0#0"]


def test_entries__of_kinds_and_of_a_message(journal: Journal) -> None:
    write(journal, 2)

    assert [entry.name for entry in journal.entries("reply", root="u1")] == ["u1.r"]


def test_compaction__drops_what_is_quiet_and_clean_and_counts_on(journal: Journal) -> None:
    write(journal, 100)

    assert len(list(journal.entries())) <= 15
    assert journal.dropped + len(list(journal.entries())) == len(journal) == 200
    assert journal.counts["reply"] == 100
    assert journal.tally("u0").replies == 1
    assert {entry.detail.get("text") for entry in journal.entries("message")} == {"hi"}


def test_compaction__spills_what_is_wrong(journal: Journal) -> None:
    write(journal, 100, replies=2)

    assert len(list(journal.entries())) <= 15
    assert journal.dropped + len(list(journal.entries())) == 300
    assert journal.entry(0) is None


def test_compaction__asks_of_what_is_in_memory_only(journal: Journal) -> None:
    asked: list[str] = []

    def is_quiet(root: str) -> bool:
        asked.append(root)
        return True

    journal.is_quiet = is_quiet
    write(journal, 1_000)

    # Of all that were ever written it would be a hundred times as many.
    assert len(asked) < 2_000


def test_tallies__of_what_went_alike_are_one_until_something_more_happens(journal: Journal) -> None:
    write(journal, 100)
    assert journal.tally("u0") is journal.tally("u1")

    journal.note("reply", "u0.r", time=0.0, roots=("u0",))

    assert [journal.tally(root).replies for root in ("u0", "u1", "u2")] == [2, 1, 1]
    write(journal, 100)
    assert [journal.tally(root).replies for root in ("u0", "u1", "u2")] == [2, 1, 1]


def test_entries__are_nothing_to_the_garbage_collector() -> None:
    journal = Journal()
    gc.collect()
    before = len(gc.get_objects())
    for number in range(1_000):
        journal.note("call", f"c{number}", time=float(number), detail={"verb": "send"})
    gc.collect()

    assert len(gc.get_objects()) - before < 100
