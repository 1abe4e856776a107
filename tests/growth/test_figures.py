from dataclasses import dataclass
from typing import Any, cast

import pytest

from harness.growth import Growth, forest_of, measure
from harness.growth.figures import by_generation, reproduction, reproduction_by_generation
from harness.scenarios.scenario import Record
from tests.growth._journal import BACK, HOOK, Journal, loop, tree


@dataclass(frozen=True, slots=True)
class Week:
    publishes: int


@dataclass(frozen=True, slots=True)
class Played:
    """The part of a run that is measured."""

    record: Record
    week: Week
    messages: tuple[str, ...] = ("u0",)
    tallies: Any = None
    cut: frozenset[str] = frozenset()


def figures(journal: Journal, cut: frozenset[str] = frozenset()) -> Growth:
    publishes = sum(entry.kind == "publish" for entry in journal.entries)
    run = Played(Record(tuple(journal.entries), ()), Week(publishes), tallies={}, cut=cut)
    return measure(cast(Any, [run]))


def test_right_bot() -> None:
    journal = Journal()
    journal.user()
    consumer = journal.attempt(journal.publish(journal.user()), 1)
    journal.echo(consumer, 2)
    assert figures(journal) == Growth(
        messages=1,
        publishes=1.0,
        attempts=1.0,
        r=0.0,
        depth=1,
        by_generation=(2, 1),
        worst_publishes=0,
        worst_attempts=1,
        cut=0,
        retry_factor=1.0,
        r_pooled=0.0,
        r_by_generation=(0.0,),
        cycle=(),
    )


def test_nothing() -> None:
    nothing = measure([])
    assert (nothing.messages, nothing.r, nothing.depth, nothing.by_generation) == (0, 0.0, 0, ())


def test_endless_loop__never_grows_and_has_r_one() -> None:
    found = figures(loop(4, cut="generation 4"), frozenset({"u0"}))
    assert (found.r, found.r_pooled, found.r_by_generation) == (1.0, 1.0, (1.0, 1.0, 1.0))
    assert found.cycle == (HOOK, BACK, HOOK)
    assert found.cut == 1


@pytest.mark.parametrize(("factor", "levels"), [(3, 4), (6, 3)])
def test_cascade__grows_by_its_factor(factor: int, levels: int) -> None:
    found = figures(tree(factor, levels), frozenset({"u0"}))
    assert (found.r, found.r_pooled) == (factor, factor)
    assert found.r_by_generation == (factor,) * (levels - 1)
    assert found.by_generation == (1, *(factor**level for level in range(1, levels + 1)))
    assert found.depth == levels


def test_retry_factor__is_attempts_for_each_publish_that_was_delivered() -> None:
    journal = Journal()
    hook = journal.user()
    for attempts in (1, 3, 0):
        publish = journal.publish(hook)
        for _ in range(attempts):
            journal.attempt(publish, 1)
    found = figures(journal)
    assert found.retry_factor == 2.0
    assert (found.publishes, found.attempts) == (3.0, 4.0)


def test_two_stages_that_end__do_not_look_like_a_loop() -> None:
    journal = Journal()
    first = journal.attempt(journal.publish(journal.user()), 1)
    journal.attempt(journal.publish(first), 2, route="/second")
    found = figures(journal)
    assert (found.r, found.r_pooled, found.depth, found.cycle) == (0.0, 0.5, 2, ())


def test_loop_through_an_echo__is_counted() -> None:
    journal = Journal()
    at = journal.user()
    for hop in (1, 3, 5):
        at = journal.echo(journal.attempt(journal.publish(at), hop), hop + 1)
    journal.attempt(journal.publish(at), 7)
    journal.note("finding", "echo-loop", limit=3)
    found = figures(journal)
    assert found.r == 1.0
    assert found.by_generation == (1,) * 8
    assert found.cycle == (HOOK, BACK, HOOK)


def test_pooling__adds_runs_before_it_divides() -> None:
    forests = [forest_of(tree(1, 2).entries), forest_of(tree(3, 2).entries)]
    assert by_generation(forests) == (2, 4, 10)
    assert reproduction(forests) == (1 + 9) / (1 + 3)
    assert reproduction_by_generation(forests) == (2.5,)
