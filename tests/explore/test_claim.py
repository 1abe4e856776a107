import pytest

from emulator.chance import Chance
from harness.errors import HarnessError
from harness.explore.bounded import Preemptions
from harness.explore.claim import (
    ASSUMPTIONS,
    bounded_claim,
    complete_claim,
    pct_claim,
    pctcp_claim,
    repetition_claim,
)
from harness.explore.complete import SleepSets
from harness.explore.sampling import ChainPriorities, Priorities, sample
from harness.explore.search import Found, Policy, Search
from tests.explore._models import ATOMIC, IN_MEMORY, READ_BACK, Bot, Model


def found_by(policy: Policy, bot: Bot, *, limit: int | None = None, until: bool = False) -> Found:
    return Search(policy=policy, until_bad=until).run(Model(bot), limit=limit)[0]


def test_complete__the_number_of_classes() -> None:
    assert complete_claim(found_by(SleepSets(), ATOMIC)) == (
        "no order in which the world can answer breaks the contract: 6 classes of orders, all run "
        "(12 executions, 6 of them cut short as seen before)"
    )


def test_complete__failures() -> None:
    assert complete_claim(found_by(SleepSets(), IN_MEMORY)) == (
        "the contract is broken (publishes) in 1 of 1 complete execution, first in execution 1"
    )
    assert complete_claim(found_by(SleepSets(), READ_BACK, until=True)) == (
        "the contract is broken (publishes) in 1 of 2 complete executions so far, first in "
        "execution 7"
    )


def test_unfinished__nothing_is_claimed() -> None:
    assert complete_claim(found_by(SleepSets(), ATOMIC, limit=1)) == (
        "unfinished after 1 execution without failure: nothing is known of the other orders"
    )
    assert bounded_claim(found_by(Preemptions(1), ATOMIC, limit=3), 1) == (
        "unfinished after 3 orders with at most 1 preemption, without failure: nothing is known of "
        "the others"
    )


@pytest.mark.parametrize(
    ("most", "claim"),
    [
        (0, "no order with no preemption breaks the contract: 6 orders, all run"),
        (2, "no order with at most 2 preemptions breaks the contract: 18 orders, all run"),
    ],
)
def test_bounded__the_bound_and_the_number_of_orders(most: int, claim: str) -> None:
    assert bounded_claim(found_by(Preemptions(most), ATOMIC), most) == claim


def test_pct__the_chance_to_have_missed_a_bug() -> None:
    (result,) = sample(Model(ATOMIC), [Priorities(2, 4)], Chance(1), range(60))
    assert pct_claim(result, depth=2, steps=4, tasks=3) == (
        "60 random schedules without failure: a bug of depth at most 2 would have been missed with "
        "a probability of at most 0.006"
    )


def test_pctcp__the_chance_to_have_missed_a_bug() -> None:
    (result,) = sample(Model(ATOMIC), [ChainPriorities(2, 4)], Chance(1), range(400))
    assert pctcp_claim(result, depth=2, steps=4, width=3) == (
        "400 random schedules without failure: a bug of depth at most 2 would have been missed "
        "with a probability of at most 0.001"
    )


def test_sample_that_failed__says_where() -> None:
    (result,) = sample(Model(IN_MEMORY), [Priorities(2, 3)], Chance(1), range(4, 7))
    assert pct_claim(result, depth=2, steps=3, tasks=3) == (
        "the contract is broken in 3 of 3 random schedules, first in number 4"
    )


def test_executions_larger_than_the_bound_allows__nothing_is_claimed() -> None:
    (result,) = sample(Model(ATOMIC), [Priorities(2, 3)], Chance(1), range(10))
    with pytest.raises(
        HarnessError,
        match=r"^an execution had 4 moves, and the bound was computed for 3: sample again with 4$",
    ):
        pct_claim(result, depth=2, steps=3, tasks=3)


@pytest.mark.parametrize(("clean", "percent"), [(300, "0.99"), (1_000, "0.30"), (3_000, "0.10")])
def test_repetition__says_nothing_about_production(clean: int, percent: str) -> None:
    assert repetition_claim(clean) == (
        f"{clean:,} runs without failure: of runs with this timing at most {percent} % fail, at "
        "95 % confidence; this says nothing about the timing in production"
    )


def test_assumptions__the_last_is_the_one_that_bounded_mode_does_without() -> None:
    assert len(ASSUMPTIONS) == 5
    assert ASSUMPTIONS[-1] == "calls that touch different resources, or only read, commute"
