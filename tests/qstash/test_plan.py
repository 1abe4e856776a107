"""Plans as data: what the pricing pages said, and when."""

import datetime
import re

import pytest

from emulator.errors import ScenarioError
from emulator.qstash import Plan, plan_of


def test_free__today_and_before() -> None:
    today, before = plan_of("free"), plan_of("free", on=datetime.date(2025, 11, 30))

    assert (today.max_messages_per_day, today.timeout_s) == (1_000, 900.0)
    assert (before.max_messages_per_day, before.timeout_s) == (500, 120.0)
    assert (today.max_topics, today.max_schedules, today.max_queues) == (1, 10, 10)


def test_payg__today_and_before() -> None:
    today, before = plan_of("payg"), plan_of("payg", on=datetime.date(2025, 1, 1))

    assert (today.max_messages_per_day, today.max_body_bytes) == (None, 10_485_760)
    assert (before.max_messages_per_day, before.max_body_bytes) == (500_000, 1_048_576)
    assert (today.max_delay_s, before.max_delay_s) == (31_536_000, 2_592_000)


@pytest.mark.parametrize(("name", "most"), [("fixed-1m", 1_000_000), ("fixed-10m", 10_000_000)])
def test_fixed(name: str, most: int) -> None:
    assert plan_of(name).max_messages_per_day == most


def test_dev__is_the_default() -> None:
    assert plan_of("dev") == Plan()


def test_unknown_name() -> None:
    message = "no plan 'gold', only dev, free, payg, fixed-1m, fixed-10m"
    with pytest.raises(ScenarioError, match=f"^{re.escape(message)}$"):
        plan_of("gold")
