"""Hit rates are sampled: a few thousand schedules here, all 20,000 in `make prove`."""

from math import sqrt

import pytest

from emulator.chance import Chance
from harness.explore.bounds import pct_chance, pctcp_chance
from harness.explore.sampling import ChainPriorities, Priorities, Sampler, Uniform, sample
from tests._seeds import seeds
from tests.explore._models import (
    ATOMIC,
    CHECK_PUBLISH_SET,
    CHECK_SET_PUBLISH,
    IN_MEMORY,
    READ_BACK,
    Bot,
    Model,
)

SCHEDULES = seeds(20_000, ordinary=2_000)
# Of the published rates, which were rounded and sampled themselves.
ROUNDING = 0.01


def hit_rate(model: Model, sampler: Sampler) -> float:
    (result,) = sample(model, [sampler], Chance(1), SCHEDULES)
    assert result.schedules == len(SCHEDULES)
    return result.hit_rate


def near(rate: float, expected: float) -> bool:
    """Within four standard deviations."""
    deviation = sqrt(expected * (1 - expected) / len(SCHEDULES))
    return abs(rate - expected) <= 4 * deviation + ROUNDING


@pytest.mark.parametrize(
    ("bot", "k", "steps", "uniform", "pct2", "pct3"),
    [
        (ATOMIC, 2, 3, 0, 0, 0),
        (ATOMIC, 3, 4, 0, 0, 0),
        (CHECK_SET_PUBLISH, 2, 6, 0.50, 0.167, 0.34),
        (CHECK_SET_PUBLISH, 3, 9, 0.67, 0.112, 0.22),
        (CHECK_PUBLISH_SET, 2, 6, 0.75, 0.331, 0.60),
        (CHECK_PUBLISH_SET, 3, 9, 0.89, 0.222, 0.42),
        (READ_BACK, 2, 8, 0.25, 0.125, 0.22),
        (READ_BACK, 3, 12, 0.38, 0.086, 0.15),
        (IN_MEMORY, 3, 3, 1, 1, 1),
    ],
)
def test_hit_rates(bot: Bot, k: int, steps: int, uniform: float, pct2: float, pct3: float) -> None:
    model = Model(bot, k)
    assert near(hit_rate(model, Uniform()), uniform)
    for depth, expected in ((2, pct2), (3, pct3)):
        rate = hit_rate(model, Priorities(depth, steps))
        assert near(rate, expected)
        assert rate >= (pct_chance(tasks=k, steps=steps, depth=depth) if expected else 0)


@pytest.mark.parametrize("depth", [2, 3])
def test_chain_priorities__tasks_from_the_start_are_the_chains(depth: int) -> None:
    rate = hit_rate(Model(CHECK_SET_PUBLISH), ChainPriorities(depth, 9))
    assert near(rate, {2: 0.112, 3: 0.22}[depth])


@pytest.mark.parametrize("bot", [CHECK_SET_PUBLISH, CHECK_PUBLISH_SET, READ_BACK])
def test_chain_priorities__hit_a_race_with_consumers_as_often_as_is_claimed(bot: Bot) -> None:
    model = Model(bot, starts=True, consumers=True)
    # At most three consumers beside what is left of three webhooks' own moves.
    assert hit_rate(model, ChainPriorities(2, 24)) >= pctcp_chance(width=6, steps=24, depth=2)


def test_sample__a_number_is_always_the_same_schedule() -> None:
    samplers: list[Sampler] = [Uniform(), Priorities(2, 9)]
    model = Model(CHECK_SET_PUBLISH)
    whole = sample(model, samplers, Chance(7), range(100), until_bad=True)
    first_bad = max(part.first_bad for part in whole)
    again = sample(model, samplers, Chance(7), range(first_bad, first_bad + 1))
    assert [part.failure for part in again if part.failure] == [
        part.failure for part in whole if part.failure
    ]


def test_sample__samplers_take_turns_and_stop_is_asked_before_each() -> None:
    answers = iter([False] * 5 + [True])
    parts = sample(
        Model(READ_BACK),
        [Uniform(), Priorities(2, 12)],
        Chance(1),
        range(100),
        stop=lambda: next(answers),
    )
    assert [(part.sampler, part.schedules) for part in parts] == [("uniform", 3), ("pct2", 2)]
    assert [part.tasks for part in parts] == [3, 3]
