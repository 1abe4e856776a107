from collections.abc import Iterator

import pytest

from emulator.journal import Entry
from harness.growth.forest import forest_of
from harness.growth.rules import Breach, Cycle, Excess, decide, excesses, first_breach, first_cycle
from tests.growth._journal import BACK, HOOK, Journal, loop


def published(*roots: str) -> Journal:
    journal = Journal()
    for root in roots:
        journal.publish(journal.user(root), root)
    return journal


def single() -> Journal:
    """What a right bot does: a webhook, a publish, an attempt."""
    journal = Journal()
    journal.attempt(journal.publish(journal.user()), 1)
    return journal


# -- G0 --------------------------------------------------------------------------------------------


def test_contract__is_kept_by_one_publish_for_each_message() -> None:
    assert first_breach(published("u0", "u1", "u2").entries) is None


def test_contract__is_broken_by_the_second() -> None:
    journal = published("u0", "u1", "u0")
    assert first_breach(journal.entries) == Breach("u0", 2, len(journal.entries) - 1)


def test_contract__may_allow_more() -> None:
    assert first_breach(published("u0", "u0").entries, allowed=2) is None


def test_contract__is_judged_at_once() -> None:
    read: list[int] = []

    def going_on() -> Iterator[Entry]:
        for entry in published("u0", "u0", "u0", "u0").entries:
            read.append(entry.seq)
            yield entry

    breach = first_breach(going_on())
    assert breach is not None
    assert read[-1] == breach.entry


# -- G2 --------------------------------------------------------------------------------------------


def test_cycle__a_trigger_loop_is_found_at_generation_two() -> None:
    cycle = first_cycle(forest_of(loop(4).entries))
    assert cycle is not None
    assert (cycle.routes, cycle.generation) == ((HOOK, BACK, HOOK), 2)


def test_cycle__an_echo_that_is_acted_upon_is_found_at_generation_one() -> None:
    journal = Journal()
    echo = journal.echo(journal.user(), 1)
    journal.note("reply", cause=echo)
    assert first_cycle(forest_of(journal.entries)) == Cycle((HOOK, HOOK), "u0.echo3", 1)


def test_cycle__none_of_an_idle_echo() -> None:
    journal = Journal()
    journal.echo(journal.user(), 1)
    assert first_cycle(forest_of(journal.entries)) is None


def test_cycle__none_of_retries_and_copies() -> None:
    journal = Journal()
    journal.user()
    publish = journal.publish(journal.user())
    for _ in range(4):
        journal.attempt(publish, 1)
    assert first_cycle(forest_of(journal.entries)) is None


@pytest.mark.parametrize(("returns", "generation"), [(0, 2), (1, 4), (2, 6)])
def test_cycle__as_many_returns_as_declared_are_none(returns: int, generation: int) -> None:
    cycle = first_cycle(forest_of(loop(6).entries), returns=returns)
    assert cycle is not None
    assert cycle.generation == generation


# -- G3 --------------------------------------------------------------------------------------------


def test_additivity__is_kept_by_a_publish_for_each() -> None:
    assert excesses([(1, 1), (2, 2), (4, 4), (8, 7)]) == []


def test_additivity__is_broken_where_messages_feed_each_other() -> None:
    assert excesses([(1, 1), (2, 2), (4, 6), (8, 20)]) == [Excess(4, 6), Excess(8, 20)]


def test_additivity__of_a_contract_of_two() -> None:
    assert excesses([(4, 8), (8, 17)], allowed=2) == [Excess(8, 17)]


# -- in their order --------------------------------------------------------------------------------


def test_decision__rest_in_contract_passes() -> None:
    decision = decide(single().entries)
    assert (decision.passed, decision.rule) == (True, "G1")
    assert decision.reason == "came to rest with its publishes in contract"


def test_decision__the_contract_comes_first_and_names_the_cycle() -> None:
    decision = decide(loop(4).entries, cut={"u0"})
    assert (decision.passed, decision.rule) == (False, "G0")
    assert decision.reason == "u0 was published 2 times, of 1 allowed"
    assert decision.cycle is not None
    assert decision.cycle.routes == (HOOK, BACK, HOOK)


def test_decision__a_chain_that_comes_back() -> None:
    decision = decide(loop(2).entries, cut={"u0"})
    assert (decision.passed, decision.rule) == (False, "G2")
    assert decision.reason == "comes back: /hook -> /back -> /hook"


def test_decision__one_loop_of_r_one_never_rests_and_fails() -> None:
    decision = decide(loop(4, cut="generation 4").entries, cut={"u0"}, allowed=9)
    assert (decision.passed, decision.rule) == (False, "G2")


def test_decision__what_is_pending_without_a_cycle() -> None:
    decision = decide(single().entries, pending=["u0.q0'"])
    assert (decision.passed, decision.rule) == (False, "G1")
    assert decision.reason == "does not come to rest: u0.q0' is still pending"
