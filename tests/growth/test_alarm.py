"""Stopping rules: their figures, and how often they are wrong."""

import math
from random import Random

import pytest

from harness.growth.alarm import PoissonHint, RunawayAlarm, pass_bound


@pytest.mark.parametrize(
    ("most", "children", "deliveries"),
    [
        (4, 1, 157),
        (4, 2, 22),
        (4, 3, 9),
        (4, 4, 4),
        (12, 1, 564),
        (12, 2, 86),
        (12, 3, 36),
        (12, 6, 10),
    ],
)
def test_alarm__is_raised_after(most: int, children: int, deliveries: int) -> None:
    alarm = RunawayAlarm(most=most)
    while not alarm.observe(children):
        assert alarm.observed < deliveries
    assert alarm.observed == deliveries


def test_alarm__never_for_a_bot_that_causes_nothing() -> None:
    alarm = RunawayAlarm(most=4)
    assert not any(alarm.observe(0) for _ in range(10_000))


def test_alarm__false_ones_are_as_rare_as_promised_at_any_time() -> None:
    # All children at once or none: the hardest case with this mean.
    random, alpha, false = Random(1), 0.05, 0
    for _ in range(300):
        alarm = RunawayAlarm(most=4, alpha=alpha)
        false += any(alarm.observe(4 if random.random() < 0.125 else 0) for _ in range(400))
    assert false / 300 <= alpha


def test_alarm__works_with_the_cap_of_calls() -> None:
    alarm = RunawayAlarm(most=1_000)
    assert not alarm.observe(3)
    assert math.isfinite(alarm.evidence)


def test_alarm__more_children_than_possible() -> None:
    with pytest.raises(ValueError, match=r"^a delivery led to 5 others, of at most 4$"):
        RunawayAlarm(most=4).observe(5)


@pytest.mark.parametrize(
    ("children", "deliveries", "says"),
    [
        (0, 14, "ends"),
        (1, 36, "runs away"),
        (2, 8, "runs away"),
        (3, 5, "runs away"),
        (6, 2, "runs away"),
    ],
)
def test_hint__says_after(children: int, deliveries: int, says: str) -> None:
    hint = PoissonHint()
    while hint.observe(children) == "undecided":
        assert hint.observed < deliveries
    assert (hint.observed, hint.says) == (deliveries, says)


def test_hint__is_no_proof_as_one_burst_raises_it() -> None:
    burst = [0, 12]
    hint, alarm = PoissonHint(), RunawayAlarm(most=12)
    for children in burst:
        hint.observe(children)
        alarm.observe(children)
    assert hint.says == "runs away"
    assert not alarm.raised


@pytest.mark.parametrize(
    ("replicas", "percent"), [(300, "0.99"), (1_000, "0.30"), (3_000, "0.10"), (0, "100.00")]
)
def test_pass_bound(replicas: int, percent: str) -> None:
    assert f"{pass_bound(replicas):.2%}" == percent + "%"
