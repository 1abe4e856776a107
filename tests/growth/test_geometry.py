import math

import pytest

from harness.growth.geometry import doubling_s, levels_for, total_after, total_for_ever


@pytest.mark.parametrize(
    ("first", "r", "levels", "total"),
    [(3, 3, 5, 363), (3, 3, 6, 1_092), (6, 6, 3, 258), (6, 6, 4, 1_554), (3, 1, 555, 1_665)],
)
def test_total(first: float, r: float, levels: int, total: float) -> None:
    assert total_after(first, r, levels) == total


def test_total__without_an_end() -> None:
    assert total_for_ever(3, 0.5) == 6
    assert total_for_ever(3, 1) == math.inf


@pytest.mark.parametrize(("first", "r", "levels"), [(3, 3, "6.38"), (6, 6, "4.04")])
def test_levels__that_the_reported_total_would_take(first: float, r: float, levels: str) -> None:
    assert f"{levels_for(first, r, 500_000 / 300):.2f}" == levels


@pytest.mark.parametrize(("r", "seconds"), [(3, 70), (6, 50)])
def test_half_a_million__is_passed_within_about_a_minute(r: int, seconds: int) -> None:
    assert math.ceil(levels_for(300 * r, r, 500_000)) * 10 == seconds


def test_levels__never_or_evenly() -> None:
    assert levels_for(3, 0.5, 7) == math.inf
    assert levels_for(3, 1, 1_665) == 555


def test_doubling() -> None:
    assert doubling_s(2, 10) == 10
    assert doubling_s(4, 10) == 5
    assert doubling_s(1, 10) == math.inf
