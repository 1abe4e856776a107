"""Exact counts of plans and classes, and what designs that look sound come to under them."""

from collections import Counter
from collections.abc import Iterator

import pytest

from harness.explore.complete import SleepSets
from harness.explore.execution import Execution
from harness.explore.faults import (
    FAIL_AFTER,
    FAIL_BEFORE,
    NO_FAULTS,
    Campaign,
    Fault,
    Plan,
    Point,
    calls_of,
    extended,
    note_calls,
    plans,
    points,
)
from harness.explore.search import Found, Search
from harness.explore.serial import Serial
from harness.explore.severity import judge
from tests.explore._models import ATOMIC, GOLD, MARK_FIRST, STRICT, Bot, Model

# (severity, replies, publishes) of bad executions, and how many of them.
Findings = Counter[tuple[str, int, int]]


def plan_of(*faults: Fault) -> Plan:
    return frozenset(faults)


def explore(bot: Bot, plan: Plan = NO_FAULTS, k: int = 3) -> tuple[Found, Findings]:
    """Every class under a plan, and the findings among them."""
    findings: Findings = Counter()

    def judged(execution: Execution) -> Iterator[object]:
        if execution.complete:
            calls = calls_of(execution)
            verbs = {call.point: call.signature for call in calls}
            met = {fault: verbs.get(fault.point, "") for fault in plan if fault.ambiguous}
            ended = execution.evidence
            finding = judge(
                plan,
                replies=ended.replies,
                publishes=ended.publishes,
                window=[fault for fault, verb in met.items() if verb == "send u"],
                unkeyed=[fault for fault, verb in met.items() if verb == "publish "],
            )
            if finding is not None:
                findings[finding.severity, ended.replies, ended.publishes] += 1
            yield calls

    search = Search(policy=SleepSets(), facts=judged)
    found, _ = search.run(Model(bot, k, consumers=True, plan=plan))
    return found, findings


def points_of(bot: Bot) -> tuple[Point, ...]:
    search = Search(policy=SleepSets(), facts=note_calls)
    return points(search.run(Model(bot, consumers=True))[0].facts)  # type: ignore[arg-type]


def under_one_fault(bot: Bot) -> tuple[int, int, dict[Fault, Findings]]:
    """How many plans and classes there are, and the findings under each plan that has some."""
    count = classes = 0
    found: dict[Fault, Findings] = {}
    for plan in plans(points_of(bot), faults=1):
        outcome, findings = explore(bot, plan)
        count += 1
        classes += outcome.complete
        if findings:
            (fault,) = plan
            found[fault] = findings
    return count, classes, found


def each_copy(task: str, ordinal: int, kind: str, findings: Findings) -> dict[Fault, Findings]:
    """The same for w0, w1 and w2."""
    return {Fault(f"w{copy}{task}", ordinal, kind): findings for copy in range(3)}


NOTED = each_copy(".q0", 1, FAIL_AFTER, Counter({("note", 2, 1): 2}))


def test_gold__twelve_calls_can_fail() -> None:
    assert points_of(GOLD) == tuple(
        sorted(
            [Point(f"w{copy}", 0) for copy in range(3)]
            + [Point(f"w{copy}.q0", ordinal) for copy in range(3) for ordinal in range(3)]
        )
    )


def test_gold__under_each_single_fault_only_the_unavoidable_second_reply() -> None:
    assert under_one_fault(GOLD) == (24, 180, NOTED)


def test_gold__under_each_two_faults_nothing_without_a_send_that_fails_after() -> None:
    count = classes = 0
    for plan in plans(points_of(GOLD), faults=2):
        found, findings = explore(GOLD, plan)
        count += 1
        classes += found.complete
        assert {severity for severity, _, _ in findings} <= {"note"}
        if not plan & NOTED.keys():
            assert not findings
    assert (count, classes) == (264, 2_520)


def test_answering_500_when_marking_fails__replies_twice_under_a_plain_failure() -> None:
    twice: Findings = Counter({("hard", 2, 1): 2})
    assert under_one_fault(STRICT) == (
        24,
        180,
        NOTED | each_copy(".q0", 2, FAIL_BEFORE, twice) | each_copy(".q0", 2, FAIL_AFTER, twice),
    )


def test_atomic_claim_released_on_error__loses_and_repeats() -> None:
    _, _, found = under_one_fault(ATOMIC)
    assert found == (
        NOTED
        | each_copy("", 0, FAIL_AFTER, Counter({("hard", 0, 0): 6}))
        | each_copy("", 1, FAIL_AFTER, Counter({("hard", 2, 2): 24}))
    )


def test_mark_first_and_swallow__loses_when_the_publish_fails() -> None:
    _, _, found = under_one_fault(MARK_FIRST)
    assert found == (
        NOTED
        | each_copy("", 0, FAIL_AFTER, Counter({("hard", 0, 0): 6}))
        | each_copy("", 1, FAIL_BEFORE, Counter({("hard", 0, 0): 2}))
    )


def test_no_fault__none_of_these_designs_breaks() -> None:
    for bot in (GOLD, STRICT, ATOMIC, MARK_FIRST):
        found, findings = explore(bot)
        assert (found.complete, found.bad, findings) == (6, 0, Counter())


@pytest.fixture(scope="module")
def campaign() -> dict[Plan, tuple[Plan | None, Findings]]:
    """Two copies and up to two faults, at points found on the way: what each plan repeats, and its
    findings.
    """
    learnt: dict[Plan, tuple[Plan | None, Findings]] = {}
    campaign = Campaign(most_faults=2)
    for plan in campaign:
        found, findings = explore(GOLD, plan, k=2)
        learnt[plan] = (campaign.learn(plan, found.facts), findings)  # type: ignore[arg-type]
    return learnt


def test_campaign__no_plan_twice_and_those_with_fewer_faults_first(
    campaign: dict[Plan, tuple[Plan | None, Findings]],
) -> None:
    sizes = [len(plan) for plan in campaign]
    assert sizes == sorted(sizes)
    assert Counter(sizes)[1] == 16


def test_campaign__calls_that_only_a_fault_brings_about_fail_too(
    campaign: dict[Plan, tuple[Plan | None, Findings]],
) -> None:
    assert plan_of(Fault("w0", 0, FAIL_BEFORE), Fault("w0'", 0, FAIL_AFTER)) in campaign
    assert plan_of(Fault("w1.q0", 1, FAIL_AFTER), Fault("w1.q0'", 1, FAIL_AFTER)) in campaign


def test_campaign__two_faults_are_more_than_one_only_if_both_can_happen(
    campaign: dict[Plan, tuple[Plan | None, Findings]],
) -> None:
    first = Fault("w0", 0, FAIL_BEFORE)
    same, _ = campaign[plan_of(first, Fault("w0.q0", 0, FAIL_BEFORE))]
    assert same == plan_of(first)
    apart = plan_of(Fault("w0.q0", 0, FAIL_BEFORE), Fault("w1.q0", 0, FAIL_BEFORE))
    assert apart not in campaign


def test_campaign__gold_has_notes_at_most(
    campaign: dict[Plan, tuple[Plan | None, Findings]],
) -> None:
    for plan, (_, findings) in campaign.items():
        assert {severity for severity, _, _ in findings} <= {"note"}
        if not any(fault.ordinal == 1 and fault.kind == FAIL_AFTER for fault in plan):
            assert not findings


def test_calls__starts_are_none_and_ordinals_count_per_task() -> None:
    execution = Model(GOLD, 2, starts=True, consumers=True).execute(Serial())
    assert [(*call.point, call.signature) for call in calls_of(execution)] == [
        ("w0", 0, "publish u"),
        ("w0.q0", 0, "claim answered/u"),
        ("w0.q0", 1, "send u"),
        ("w0.q0", 2, "set done/u"),
        ("w1", 0, "publish u"),
    ]


def test_extended__only_at_later_calls_of_the_same_task() -> None:
    calls = calls_of(Model(GOLD, 1, consumers=True).execute(Serial()))
    fault = Fault("w0.q0", 1, FAIL_AFTER)
    assert extended(plan_of(fault), [calls], kinds=[FAIL_BEFORE]) == (
        plan_of(fault, Fault("w0", 0, FAIL_BEFORE)),
        plan_of(fault, Fault("w0.q0", 2, FAIL_BEFORE)),
    )


def test_plans__as_many_as_asked_for_at_different_points() -> None:
    at = [Point("w0", 0), Point("w0", 1), Point("w1", 0)]
    assert [len(list(plans(at, faults=faults))) for faults in (0, 1, 2, 3)] == [1, 6, 12, 8]
    assert all(len(plan) == 2 for plan in plans(at, faults=2))
