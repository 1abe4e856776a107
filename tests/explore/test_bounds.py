from math import isclose

import pytest

from harness.explore.bounds import (
    failure_rate_bound,
    miss_chance,
    pct_chance,
    pctcp_chance,
    schedules_for,
)


@pytest.mark.parametrize(("depth", "schedules"), [(2, 249), (3, 2_985)])
def test_schedules_for__three_tasks_of_four_calls(depth: int, schedules: int) -> None:
    chance = pct_chance(tasks=3, steps=12, depth=depth)
    assert schedules_for(miss=1e-3, chance=chance) == schedules
    assert miss_chance(chance, schedules) <= 1e-3


@pytest.mark.parametrize(
    ("tasks", "steps", "bound"), [(2, 6, 0.083), (3, 9, 0.037), (2, 8, 0.063), (3, 12, 0.028)]
)
def test_pct_chance__at_depth_two(tasks: int, steps: int, bound: float) -> None:
    assert round(pct_chance(tasks=tasks, steps=steps, depth=2) + 1e-9, 3) == bound


def test_pctcp_chance__of_the_width_squared() -> None:
    assert isclose(pctcp_chance(width=3, steps=12, depth=3), 1 / (9 * 144))


def test_depth_one__needs_no_step_to_be_guessed() -> None:
    assert isclose(pct_chance(tasks=4, steps=1_000, depth=1), 0.25)


def test_miss_chance__is_that_of_independent_schedules() -> None:
    assert isclose(miss_chance(0.25, 3), 0.75**3)
    assert miss_chance(1.0, 1) == 0.0
    assert miss_chance(1.0, 0) == 1.0


@pytest.mark.parametrize(("clean", "percent"), [(300, 0.99), (1_000, 0.30), (3_000, 0.10)])
def test_failure_rate_bound__at_95_percent(clean: int, percent: float) -> None:
    assert round(100 * failure_rate_bound(clean), 2) == percent


def test_failure_rate_bound__no_run_tells_nothing() -> None:
    assert failure_rate_bound(0) == 1.0
