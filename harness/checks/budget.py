"""Budget: whether the plan that pays for the queue is large enough for a month of messages."""

from collections.abc import Sequence

from harness.checks.observed import plural
from harness.forecast import CLOUD_TASKS_PLANS, DAYS_IN_MONTH, PLANS, SQS_PLANS, Forecast
from harness.profile import Profile
from harness.scenarios.rapid import Rapid
from harness.verdict import Verdict


def plan_budget(profile: Profile, runs: Sequence[Rapid]) -> Verdict:
    """What was seen to be billed for one message, times the messages of a month, fits the plan.

    Billed is each attempt to deliver (QStash pricing page), and each publish at least once; with
    Cloud Tasks each call and each attempt, by 32 KB (Cloud Tasks docs, "Pricing"), and with SQS
    each request, by 64 KB (SQS pricing page).
    """
    if profile.queue.kind != "qstash":
        return _of_operations(profile, runs)
    plan = profile.plan
    assert plan is not None
    messages = sum(len(run.messages) for run in runs)
    made = sum(run.week.publishes for run in runs)
    attempts = sum(
        entry.detail.get("kind") == "queue" for run in runs for entry in run.of("delivery")
    )
    cut = sum(len(run.cut) for run in runs)
    forecast = Forecast(plan.messages_per_month, max(made, attempts) / messages, PLANS[plan.qstash])
    fits = forecast.fits and not cut
    evidence = []
    if cut:
        evidence.append(f"{plural(cut, 'message')} cut by thrice: no plan is large enough")
    if not forecast.fits:
        assert forecast.limit is not None
        evidence.append(
            f"spread evenly, the limit of a day is reached on day 1, after "
            f"{forecast.reached_after_h:.1f} hours; what the plan has for a month, "
            f"{forecast.limit * DAYS_IN_MONTH:,}, is gone on day {forecast.used_up_on}"
        )
    limit = "unlimited" if forecast.limit is None else f"{forecast.limit:,} a day"
    observed = (
        f"{plural(plan.messages_per_month, 'message')} a month, {forecast.each:.2f} queue messages "
        f"each: {forecast.per_day:,.1f} a day"
    )
    if fits and forecast.fatal_messages is not None:
        observed += f"; the limit is reached on a day of {forecast.fatal_messages:,} messages"
    return Verdict(
        check="plan-budget",
        result="passed" if fits else "failed",
        severity="note",
        expected=f"fits the plan {plan.qstash}, {limit}",
        observed=observed,
        evidence=tuple(evidence),
        run=runs[-1].name,
    )


def _of_operations(profile: Profile, runs: Sequence[Rapid]) -> Verdict:
    """The plan of a queue that counts operations by the month."""
    plan = profile.plan
    assert plan is not None
    messages = sum(len(run.messages) for run in runs)
    billed = sum(run.billed for run in runs)
    cut = sum(len(run.cut) for run in runs)
    on_sqs = profile.queue.kind == "sqs"
    name = plan.sqs if on_sqs else plan.cloudtasks
    limit = (SQS_PLANS if on_sqs else CLOUD_TASKS_PLANS)[name]
    forecast = Forecast(plan.messages_per_month, billed / messages, limit, days=DAYS_IN_MONTH)
    fits = forecast.fits and not cut
    evidence = []
    if cut:
        evidence.append(f"{plural(cut, 'message')} cut by thrice: no plan is large enough")
    if not forecast.fits:
        evidence.append(
            "spread evenly, what is free in a month is gone on day "
            f"{forecast.used_up_on}; the rest is paid for"
        )
    observed = (
        f"{plural(plan.messages_per_month, 'message')} a month, {forecast.each:.2f} "
        f"{'requests' if on_sqs else 'operations'} each: {forecast.per_month:,.0f} a month"
    )
    if fits and forecast.fatal_messages is not None:
        observed += f"; the limit is reached in a month of {forecast.fatal_messages:,} messages"
    return Verdict(
        check="plan-budget",
        result="passed" if fits else "failed",
        severity="note",
        expected=f"fits the plan {name}, "
        + ("unlimited" if limit is None else f"{limit:,} a month"),
        observed=observed,
        evidence=tuple(evidence),
        run=runs[-1].name,
    )
