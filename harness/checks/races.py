"""Races and single faults: whatever order the world answers in, and whichever call goes wrong, a
message is published once, answered once and not lost.
"""

from collections.abc import Sequence

from harness.checks.observed import plural
from harness.explore.columns import columns
from harness.explore.ladder import Failure
from harness.profile import Profile
from harness.scenarios.orders import Explored
from harness.verdict import Verdict


def race_k2(profile: Profile, runs: Sequence[Explored]) -> Verdict:
    """Two copies of a webhook, in every order the world can answer in."""
    return _orders("race-k2", profile, runs[0])


def race_k3(profile: Profile, runs: Sequence[Explored]) -> Verdict:
    """Three copies, as far as the budget goes."""
    return _orders("race-k3", profile, runs[0])


def fault_1(profile: Profile, runs: Sequence[Explored]) -> Verdict:
    """Every call fails once: before its effect, after it, and without an answer."""
    run = runs[0]
    done = f"{plural(run.plans, 'fault plan')}, {plural(run.executions, 'execution')}"
    return _verdict(
        "fault-1", profile, run, "no message lost, none answered or published twice", done
    )


def instance_killed(profile: Profile, runs: Sequence[Explored]) -> Verdict:
    """The instance dies at every call in turn, and the platform or the queue delivers again."""
    run = runs[0]
    done = f"{plural(run.plans, 'death')}, {plural(run.executions, 'execution')}"
    return _verdict("instance-killed", profile, run, "no message lost, none published twice", done)


def _orders(check: str, profile: Profile, run: Explored) -> Verdict:
    classes = f", {plural(run.classes, 'class', 'classes')} of orders" if run.classes else ""
    done = f"none in {plural(run.executions, 'execution')}{classes}"
    return _verdict(check, profile, run, "no order out of contract", done)


def _verdict(check: str, profile: Profile, run: Explored, expected: str, done: str) -> Verdict:
    failure = run.failure
    collection = profile.store.dedup if profile.store is not None else ""
    return Verdict(
        check=check,
        result="passed" if failure is None else "failed",
        expected=expected,
        observed=done if failure is None else _what(failure),
        evidence=run.claims if failure is None else tuple(_shown(failure, collection)),
        entries=tuple(one.call.entry for one in failure.shown if one.call is not None)
        if failure is not None
        else (),
        run=run.name,
        notes=run.notes,
    )


def _what(failure: Failure) -> str:
    broken = " and ".join(failure.execution.violations)
    if failure.scene.plan and failure.seen.reason:
        return f"{broken}: {failure.seen.reason}"
    published = plural(failure.seen.publishes, "publish", "publishes")
    return (
        f"{broken}: {published}, {plural(failure.seen.replies, 'reply', 'replies')} to one message"
    )


def _shown(failure: Failure, collection: str) -> list[str]:
    """The schedule, and what it takes to believe in it."""
    lines = [f"{failure.scene.name}, {plural(failure.switches, 'switch', 'switches')} of delivery:"]
    lines += columns(failure.shown, collection)
    left = len(failure.seen.made) - len(failure.shown)
    if left:
        lines.append(f"and {plural(left, 'step')} more, in which nothing of it changes")
    lines.append(
        f"it did not come back the same: {failure.diverged}"
        if failure.diverged
        else "the same in three repetitions"
    )
    return lines
