from dataclasses import replace

from harness.verdict import Verdict
from tests.harness._certificates import EVERYTHING, certificate, verdict, waiver

PASSED = verdict("ten-rapid")


def headline(*verdicts: Verdict, problem: bool = False, selected: bool = False) -> str:
    problems = ["x is not part of the world"] if problem else []
    return certificate(*verdicts, problems=problems, selected=selected).headline


def test_headline__of_a_certificate_says_what_was_not_judged_or_waived() -> None:
    absent = verdict("no-loop", "not applicable")
    waived = verdict("one-reply", "failed", waiver=waiver("one-reply"))
    noted = verdict("quiet-day", "failed", severity="note")
    assert headline(PASSED) == "certified, 1 of 1 checks"
    assert headline(PASSED, absent) == "certified, 1 of 2 checks (1 not applicable)"
    assert headline(PASSED, waived) == "certified, 1 of 2 checks (1 waived)"
    assert headline(PASSED, noted, selected=True) == (
        "certified, 1 of 2 checks (1 noted, a selection of the checklist)"
    )
    assert headline(PASSED, waived, absent) == (
        "certified, 1 of 3 checks (1 waived, 1 not applicable)"
    )


def test_headline__of_a_refusal_says_why() -> None:
    failed = verdict("one-reply", "failed")
    expired = verdict("no-loop", "failed", waiver=waiver("no-loop"), expired=True)
    required = verdict("dedup-records", "not applicable", required=True)
    absent = verdict("dedup-records", "not applicable")
    assert headline(PASSED, failed) == "NOT certified, 1 of 2 checks failed"
    assert headline(PASSED, expired) == "NOT certified, 1 of 2 checks failed (1 waiver expired)"
    assert headline(PASSED, required) == "NOT certified, 1 required check not applicable"
    assert headline(PASSED, problem=True) == "NOT certified, 1 problem"
    assert headline(absent) == "NOT certified, nothing could be judged (1 not applicable)"


def test_headline__of_failures_with_one_cause_says_where_to_start() -> None:
    cause = verdict("freeze-safe", "failed")
    failed = replace(verdict("one-reply", "failed"), cause="freeze-safe")
    assert headline(failed, cause) == "NOT certified, 2 of 2 checks failed, start with freeze-safe"
    # Not with one that passed, is waived, or was not judged.
    for other in (
        verdict("freeze-safe"),
        verdict("freeze-safe", "failed", waiver=waiver("freeze-safe")),
        PASSED,
    ):
        assert "start with" not in headline(failed, other)


def test_headline__of_everything_at_once() -> None:
    assert EVERYTHING.headline == (
        "NOT certified, 2 of 8 checks failed, 1 required check not applicable, 1 problem "
        "(1 waived, 1 waiver expired, 1 noted, 1 not applicable)"
    )


def test_waived_failures_alone__certify() -> None:
    assert certificate(verdict("no-loop", "failed", waiver=waiver("no-loop"))).certified


def test_waivers__say_what_became_of_them() -> None:
    other = waiver("freeze-safe")
    states = {
        one.check: EVERYTHING.state_of(one)
        for one in (*EVERYTHING.waivers, other, waiver("dedup-records"))
    }
    assert states == {
        "one-reply": "applies",
        "no-loop": "expired",
        "quiet-day": "unused",
        "freeze-safe": "not judged",
        "dedup-records": "not judged",
    }
