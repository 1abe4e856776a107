"""Races and single faults: whatever order the world answers in, and whichever call goes wrong, a
message is published once, answered once and not lost.
"""

from collections.abc import Sequence

from harness.checks.observed import plural
from harness.explore.columns import columns
from harness.explore.ladder import Failure
from harness.explore.told import FAULTS
from harness.explore.worlds import DOUBLE_REPLY, LOST
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
    done = f"0 failures in {plural(run.executions, 'execution')}{classes}"
    wanted = "one publish and one reply, in whatever order calls are answered"
    return _verdict(check, profile, run, wanted, done)


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
    published = plural(failure.seen.publishes, "publish", "publishes")
    return (
        f"{broken}: {published}, {plural(failure.seen.replies, 'reply', 'replies')} to one message"
    )


def _shown(failure: Failure, collection: str) -> list[str]:
    """The schedule, what to do about it, and what it takes to believe in it."""
    shown = failure.shown
    done = {one.move.task for one in failure.seen.made[len(shown) :]}
    answers = {
        entry.name: str(entry.detail["status"])
        for entry in failure.seen.record.of("response")
        if entry.name not in done
    }
    lines = [_setting(failure), *columns(shown, collection, answers)]
    left = len(failure.seen.made) - len(shown)
    if left:
        lines.append(f"the contract is broken here, {plural(left, 'more step')} not shown")
    lines.append(f"the way out: {_way_out(failure)}; see docs/claim-once.md")
    lines.append(
        f"it did not come back the same: {failure.diverged}"
        if failure.diverged
        else "run three more times, each with the same end"
    )
    return lines


def _setting(failure: Failure) -> str:
    """How many copies on which instances, and what goes wrong where."""
    scene = failure.scene
    instances = list(dict.fromkeys(scene.partition))
    if scene.copies == 1:
        text = "one webhook"
    elif len(instances) == scene.copies:
        text = f"{scene.copies} copies of one webhook, each on an instance of its own"
    else:
        where = ", ".join(f"copy {n} on {on}" for n, on in enumerate(scene.partition, 1))
        text = f"{scene.copies} copies of one webhook: {where}"
    for number, one in enumerate(failure.shown, 1):
        if one.fault:
            text += f"; at step {number} a fault: {FAULTS.get(one.fault, one.fault)}"
    return text + ":"


def _way_out(failure: Failure) -> str:
    broken = failure.execution.violations[0]
    if broken == LOST:
        return (
            "answer with an error when a call fails, and let the delivery that comes again enter "
            "the claim it finds"
        )
    if broken == DOUBLE_REPLY:
        return "note whose reply is being sent before it is sent, and answer 200 once it is"
    if failure.scene.plan:
        return "publish with a deduplication id, so that a publish that is tried again is one"
    return "claim a message in one step, that fails for whoever comes second"
