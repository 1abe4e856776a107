"""Cron expressions: five fields, names, time zones, and the days when clocks change."""

import re
from datetime import UTC, datetime

import pytest

from emulator.qstash.cron import parse_cron


def ticks(text: str, start: str, count: int) -> list[str]:
    """The first ticks after a moment of UTC, in UTC."""
    unix = datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp()
    found = []
    for _ in range(count):
        following = parse_cron(text).next_after(unix)
        assert following is not None
        unix = following
        found.append(datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M:%S"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", ["2026-09-21 14:14:00", "2026-09-21 14:15:00"]),
        ("*/20 * * * *", ["2026-09-21 14:20:00", "2026-09-21 14:40:00"]),
        ("0 9-10 * * MON-FRI", ["2026-09-22 09:00:00", "2026-09-22 10:00:00"]),
        ("30 0 1 jan,JUL *", ["2027-01-01 00:30:00", "2027-07-01 00:30:00"]),
        ("0 0 ? * 0", ["2026-09-27 00:00:00", "2026-10-04 00:00:00"]),
        ("0 0 13 * 5", ["2026-09-25 00:00:00", "2026-10-02 00:00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
    ],
)
def test_ticks(text: str, expected: list[str]) -> None:
    assert ticks(text, "2026-09-21 14:13:20", 2) == expected


def test_tick__is_after_the_moment_and_not_at_it() -> None:
    assert ticks("* * * * *", "2026-09-21 14:13:00", 1) == ["2026-09-21 14:14:00"]
    assert parse_cron("* * * * *").next_after(59.9) == 60.0


def test_zone__moves_with_its_clock() -> None:
    text = "CRON_TZ=Europe/Berlin 0 9 * * *"

    assert ticks(text, "2026-10-24 00:00", 2) == ["2026-10-24 07:00:00", "2026-10-25 08:00:00"]


def test_zone__an_hour_that_is_skipped_or_comes_twice_ticks_once() -> None:
    text = "CRON_TZ=Europe/Berlin 30 2 * * *"

    assert ticks(text, "2026-03-28 12:00", 2) == ["2026-03-29 01:00:00", "2026-03-30 00:30:00"]
    assert ticks(text, "2026-10-24 12:00", 2) == ["2026-10-25 00:30:00", "2026-10-26 01:30:00"]


def test_text__is_trimmed() -> None:
    assert parse_cron("  * * * * * ").text == "* * * * *"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "'' has 0 fields, expected 5"),
        ("* * * * * *", "'* * * * * *' has 6 fields, expected 5"),
        ("@every 1m", "'@every 1m' has 2 fields, expected 5"),
        ("60 * * * *", "'60 * * * *': Bad minute"),
        ("0 0 31 2 *", "'0 0 31 2 *': Bad day-of-month"),
        ("0 0 L * *", "'L' is no field of a cron expression"),
        ("0 0 * * 5#2", "'5#2' is no field of a cron expression"),
        ("0 0 * * funday", "'funday' is no field of a cron expression"),
        ("CRON_TZ=Nowhere/Land * * * * *", "'Nowhere/Land' is no time zone"),
        ("CRON_TZ=../../etc/passwd * * * * *", "'../../etc/passwd' is no time zone"),
        ("CRON_TZ=Europe * * * * *", "'Europe' is no time zone"),
        ("CRON_TZ=UTC", "'CRON_TZ=UTC' has 0 fields, expected 5"),
        ("*/0 * * * *", "'*/0 * * * *': Bad minute"),
    ],
)
def test_refused(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        parse_cron(text)
