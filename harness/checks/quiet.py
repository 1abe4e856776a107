"""Quiet: after the last reply nothing more happens, for a day, for a week, and no causal chain runs
in a circle.
"""

from collections.abc import Sequence

from harness.checks.observed import Judgement, judge_each, plural
from harness.profile import Profile
from harness.scenarios.rapid import Count, Rapid
from harness.verdict import Verdict


def quiet_day(profile: Profile, runs: Sequence[Rapid]) -> Verdict:
    """24 hours of virtual time bring no further publish, delivery or record."""
    return judge_each("quiet-day", runs, lambda run: _still(run, run.day, "a day"))


def quiet_week(profile: Profile, runs: Sequence[Rapid]) -> Verdict:
    """7 days, with every retry table run to its end; nothing pending can cause a delivery."""

    def judge(run: Rapid) -> Judgement:
        judgement = _still(run, run.week, "a week")
        if run.pending:
            judgement.passed = False
            judgement.observed += f", {plural(len(run.pending), 'step')} still pending"
            judgement.evidence.append("pending: " + ", ".join(run.pending[:6]))
        return judgement

    return judge_each("quiet-week", runs, judge)


def no_loop(profile: Profile, runs: Sequence[Rapid]) -> Verdict:
    """No delivery arrives at a route that one of its ancestors came from."""

    def judge(run: Rapid) -> Judgement:
        loops = run.finding("loop")
        cycles: dict[str, int] = {}
        for entry in loops:
            cycle = entry.detail["cycle"]
            assert isinstance(cycle, list)
            text = " -> ".join(str(route) for route in cycle)
            cycles[text] = cycles.get(text, 0) + 1
        # The shortest cycle explains the rest.
        evidence = [
            f"cycle: {cycle} ({plural(times, 'time')})"
            for cycle, times in sorted(cycles.items(), key=lambda item: len(item[0]))
        ][:2]
        if loops:
            first = loops[0]
            evidence.append(
                f"first closed at t={first.time:.3f} by {first.detail['delivery']}, "
                f"generation {first.generation}"
            )
        return Judgement(
            passed=not loops,
            expected="0 returns to a route",
            observed=plural(len(loops), "return to a route", "returns to a route"),
            evidence=evidence,
            entries=loops,
        )

    return judge_each("no-loop", runs, judge)


def _still(run: Rapid, later: Count, how_long: str) -> Judgement:
    start = run.settled
    more = (
        later.publishes - start.publishes,
        later.deliveries - start.deliveries,
        later.records - start.records,
    )
    cut = run.finding("runaway")
    evidence = [
        f"{entry.roots[0]} was cut by thrice at t={entry.time:.1f}, {entry.detail['limit']} "
        f"({entry.detail['deliveries']} deliveries so far); it would have gone on"
        for entry in cut[:2]
    ]
    evidence += [
        f"{', '.join(entry.roots)}: the platform gave up delivering at t={entry.time:.0f}"
        for entry in run.finding("webhook-disabled")[:2]
    ]
    observed = (
        f"{plural(more[0], 'more publish', 'more publishes')}, "
        f"{plural(more[1], 'delivery', 'deliveries')}, {plural(more[2], 'record')}"
    )
    if cut:
        observed += f", {plural(len(cut), 'runaway message')} cut"
    return Judgement(
        passed=not any(more) and not cut,
        expected=f"0 more publishes, deliveries and records in {how_long}",
        observed=observed,
        evidence=evidence,
        entries=cut,
    )
