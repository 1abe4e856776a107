"""The checks of what a bot costs: its plan, and growth with what is written at once."""

from dataclasses import replace
from itertools import islice

import pytest

from harness.checks.budget import plan_budget
from harness.checks.growth import no_growth
from harness.forecast import Forecast
from harness.profile import Budget
from harness.scenarios.overlapping import GROUPS, Group, Overlapping
from harness.scenarios.rapid import Count, Rapid
from harness.scenarios.scenario import Record
from harness.verdict import Verdict
from tests.harness._limits import PROFILE, entry, written


def test_forecast__of_the_incident_on_the_free_plan() -> None:
    forecast = Forecast(messages=300, each=1_667.0, limit=1_000)
    assert not forecast.fits
    assert forecast.per_month == pytest.approx(500_100)
    assert forecast.reached_after_h == pytest.approx(1.44, abs=0.01)
    assert forecast.used_up_on == 2
    assert forecast.fatal_messages == 1


def test_forecast__of_a_bot_that_fits() -> None:
    forecast = Forecast(messages=300, each=1.0, limit=1_000)
    assert forecast.fits
    assert (forecast.used_up_on, forecast.reached_after_h) == (None, None)
    assert forecast.fatal_messages == 1_000


def test_forecast__of_a_plan_without_limit() -> None:
    forecast = Forecast(messages=10**9, each=9.0, limit=None)
    assert forecast.fits
    assert forecast.fatal_messages is None


def budget(messages_per_month: int, *, publishes: int, attempts: int, cut: int = 0) -> Verdict:
    """The verdict on ten messages that caused so much."""
    delivered = tuple(entry(seq, "delivery", 1.0, "u0") for seq in range(attempts))
    count = Count(at=1.0, publishes=publishes, deliveries=0, records=0)
    run = Rapid(
        name="at-once",
        record=Record(delivered, ()),
        messages=written(*[0.0] * 10),
        tallies={},
        records=(),
        events=(),
        dead=(),
        waiting=0,
        settled=count,
        day=count,
        week=count,
        pending=(),
        cut=frozenset(f"u{number}" for number in range(cut)),
        cold_starts=0,
    )
    return plan_budget(replace(PROFILE, plan=Budget(messages_per_month=messages_per_month)), [run])


def test_plan_budget__that_fits_tells_the_day_that_would_not() -> None:
    verdict = budget(300, publishes=10, attempts=12)
    assert verdict.result == "passed"
    assert verdict.observed == (
        "300 messages a month, 1.20 queue messages each: 12.0 a day; the limit is reached on a day "
        "of 834 messages"
    )


def test_plan_budget__that_does_not_fit_is_a_note_with_the_day() -> None:
    verdict = budget(60_000, publishes=10, attempts=10)
    assert (verdict.result, verdict.standing) == ("failed", "noted")
    assert verdict.expected == "fits the plan free, 1,000 a day"
    assert verdict.observed == "60,000 messages a month, 1.00 queue messages each: 2,000.0 a day"
    assert verdict.evidence == (
        "spread evenly, the limit of a day is reached on day 1, after 12.0 hours; what the plan "
        "has for a month, 30,000, is gone on day 15",
    )


def test_plan_budget__has_no_room_for_what_never_ends() -> None:
    verdict = budget(1, publishes=10, attempts=10, cut=2)
    assert verdict.standing == "noted"
    assert verdict.evidence == ("2 messages cut by thrice: no plan is large enough",)


def growth(*publishes: int, cut: int = 0) -> Verdict:
    """The verdict on as many publishes for each group of messages."""
    messages = iter(written(*[0.0] * sum(size for size, _ in GROUPS)))
    groups = tuple(Group(tuple(islice(messages, size)), users) for size, users in GROUPS)
    made = [
        entry(0, "publish", 1.0, group.messages[0].root)
        for group, count in zip(groups, publishes, strict=True)
        for _ in range(count)
    ]
    names = frozenset(f"u{number}" for number in range(cut))
    return no_growth(PROFILE, [Overlapping("doubling", Record(tuple(made), ()), groups, names)])


def test_no_growth__in_proportion_passes() -> None:
    verdict = growth(1, 2, 4, 8, 2, 4, 8)
    assert verdict.result == "passed"
    assert verdict.observed == "1, 2, 4, 8 and 2, 4, 8 publishes; amplification 1.00, R 0.00"


def test_no_growth__shows_the_sizes_that_grow() -> None:
    verdict = growth(1, 2, 4, 36, 2, 4, 9)
    assert verdict.result == "failed"
    assert verdict.evidence == (
        "8 messages of 1 user: 36 publishes, 4.50 for each",
        "8 messages of 8 users: 9 publishes, 1.12 for each",
    )


def test_no_growth__is_not_what_was_done_late() -> None:
    assert growth(0, 2, 3, 10, 2, 4, 8).result == "passed"
    assert growth(0, 2, 3, 11, 2, 4, 8).evidence == (
        "8 messages of 1 user: 11 publishes, 1.38 for each",
    )


def test_no_growth__fails_for_what_had_to_be_cut() -> None:
    verdict = growth(1, 2, 4, 8, 2, 4, 8, cut=1)
    assert verdict.evidence == ("1 message cut by thrice, which would have gone on",)
