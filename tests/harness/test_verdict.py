from datetime import date, timedelta

import pytest

from harness.verdict import Standing, Verdict, settle
from tests.harness._certificates import LAST_DAY, verdict, waiver

PASSED, FAILED = verdict("no-loop"), verdict("no-loop", "failed")
NOTED = verdict("no-loop", "failed", severity="note")
ABSENT = verdict("no-loop", "not applicable")


def standing(
    one: Verdict, *, today: date | None = LAST_DAY, waived: bool = True, required: bool = False
) -> Standing:
    waivers = [waiver("no-loop")] if waived else []
    require = ["no-loop"] if required else []
    (settled,) = settle([one], waivers=waivers, today=today, require=require)
    return settled.standing


@pytest.mark.parametrize(
    ("one", "expected"),
    [(PASSED, "passed"), (FAILED, "failed"), (NOTED, "noted"), (ABSENT, "not applicable")],
)
def test_standing__without_waiver_or_requirement(one: Verdict, expected: Standing) -> None:
    assert standing(one, waived=False) == expected


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (LAST_DAY - timedelta(days=1), "waived"),
        (LAST_DAY, "waived"),
        (LAST_DAY + timedelta(days=1), "failed"),
        (None, "failed"),
    ],
)
def test_waiver__counts_until_its_last_day_inclusive(
    today: date | None, expected: Standing
) -> None:
    assert standing(FAILED, today=today) == expected


def test_waiver__of_another_check_counts_for_nothing() -> None:
    (settled,) = settle([FAILED], waivers=[waiver("ten-rapid")], today=LAST_DAY)
    assert settled.standing == "failed"
    assert settled.waiver is None


def test_waiver__does_not_cover_a_required_check_that_is_not_applicable() -> None:
    assert standing(ABSENT, required=True) == "required"


def test_required__and_judged_changes_nothing() -> None:
    assert standing(PASSED, required=True, waived=False) == "passed"
    assert standing(FAILED, required=True, waived=False) == "failed"


@pytest.mark.parametrize(
    ("one", "today", "remark"),
    [
        (FAILED, LAST_DAY, "waived until 2027-01-31: known, mended soon"),
        (
            FAILED,
            LAST_DAY + timedelta(days=1),
            "the waiver expired, its last day was 2027-01-31: known, mended soon",
        ),
        (PASSED, LAST_DAY, "its waiver (until 2027-01-31) is not needed"),
        (NOTED, LAST_DAY, "its waiver (until 2027-01-31) is not needed"),
        (ABSENT, LAST_DAY, "its waiver (until 2027-01-31) is not needed"),
    ],
)
def test_remark__says_what_the_waiver_does(one: Verdict, today: date, remark: str) -> None:
    (settled,) = settle([one], waivers=[waiver("no-loop")], today=today)
    assert settled.remark == remark


def test_remark__empty_without_a_waiver() -> None:
    assert FAILED.remark == PASSED.remark == ABSENT.remark == ""
