import pytest

from harness.errors import HarnessError
from harness.explore.faults import FAIL_AFTER, FAIL_BEFORE, KILLED, NO_FAULTS, Fault
from harness.explore.severity import Finding, judge

SEND = Fault("w0.q0", 1, FAIL_AFTER)
PUBLISH = Fault("w0", 1, FAIL_AFTER)
MARK = Fault("w0.q0", 2, FAIL_BEFORE)


def test_one_reply_and_one_publish__nothing() -> None:
    assert judge(NO_FAULTS, replies=1, publishes=1) is None
    assert judge(frozenset({SEND}), replies=1, publishes=0, window=[SEND]) is None


@pytest.mark.parametrize(("replies", "said"), [(0, "0 replies"), (2, "2 replies")])
def test_no_fault__any_violation_is_hard(replies: int, said: str) -> None:
    assert judge(NO_FAULTS, replies=replies, publishes=1) == Finding(
        "hard", f"{said} instead of 1, with no fault"
    )
    assert judge(NO_FAULTS, replies=1, publishes=3) == Finding(
        "hard", "3 publishes, and 1 at most can be excused, with no fault"
    )


def test_failure_before_the_effect__excuses_nothing() -> None:
    assert judge(frozenset({MARK}), replies=2, publishes=1) == Finding(
        "hard", "2 replies instead of 1, with fail-before on call 2 of w0.q0"
    )


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        (2, "2 replies, with fail-after on call 1 of w0.q0: where it can not know, the bot would "
            "rather repeat a reply than lose it"),
        (0, "0 replies, with fail-after on call 1 of w0.q0: where it can not know, the bot would "
            "rather lose a reply than repeat it"),
    ],
)  # fmt: skip
def test_inside_the_window__a_note_that_tells_what_the_bot_chose(replies: int, reason: str) -> None:
    found = judge(frozenset({SEND}), replies=replies, publishes=1, window=[SEND])
    assert found == Finding("note", reason)


def test_more_than_the_window_excuses__hard() -> None:
    assert judge(frozenset({SEND}), replies=3, publishes=1, window=[SEND]) == Finding(
        "hard", "3 replies where 0 to 2 can be excused, with fail-after on call 1 of w0.q0"
    )


def test_two_faults_in_the_window__excuse_two() -> None:
    again = Fault("w0.q0'", 1, KILLED)
    found = judge(frozenset({SEND, again}), replies=3, publishes=1, window=[SEND, again])
    assert found is not None
    assert found.severity == "note"


def test_publish_without_dedup_id__its_repetition_is_noted_if_the_user_does_not_see_it() -> None:
    found = judge(frozenset({PUBLISH}), replies=1, publishes=2, unkeyed=[PUBLISH])
    assert found == Finding(
        "note", "2 publishes, with fail-after on call 1 of w0: a dedup id would make it one"
    )
    seen = judge(frozenset({PUBLISH}), replies=2, publishes=2, unkeyed=[PUBLISH])
    assert seen == Finding("hard", "2 replies instead of 1, with fail-after on call 1 of w0")


@pytest.mark.parametrize("fault", [MARK, PUBLISH])
def test_excuse_that_is_none__is_refused(fault: Fault) -> None:
    with pytest.raises(HarnessError, match=r"can excuse nothing: it is not an ambiguous one of"):
        judge(frozenset({MARK}), replies=1, publishes=1, window=[fault])
