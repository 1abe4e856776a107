"""Signatures: only what the platform and the queue have signed is believed."""

from collections.abc import Callable, Sequence

from harness.checks.observed import Judgement, judge_each, listed
from harness.profile import Profile
from harness.scenarios.probe import Sighting
from harness.scenarios.queue_signature import Tokens
from harness.scenarios.webhook_signature import Signatures
from harness.verdict import Verdict

# What is wrong with how a request was met, for people; empty when nothing is.
Objection = Callable[[Sighting], str]


def webhook_signature(profile: Profile, runs: Sequence[Signatures]) -> Verdict:
    """Forged webhooks are refused with 4xx and change nothing; genuine ones are accepted and do
    what a message usually does.

    One that is signed with nothing but a right SHA-1 may be accepted or refused, as long as the
    bot does what its answer says.
    """

    def judge(run: Signatures) -> Judgement:
        return _judgement(
            run.forged, run.genuine, run.usual, [(run.legacy, _undecided(run.usual)(run.legacy))]
        )

    return judge_each("webhook-signature", runs, judge)


def queue_signature(profile: Profile, runs: Sequence[Tokens]) -> Verdict:
    """Requests to the consumer that the queue did not make for it are refused with 4xx and change
    nothing; its own are accepted, also in the time between two rotations of the keys.
    """
    for run in runs:
        if not run.genuine:
            return Verdict(
                check="queue-signature",
                result="not applicable",
                expected="",
                observed="",
                run=run.name,
                why="a queue message to alter: the bot published none",
            )
    return judge_each(
        "queue-signature", runs, lambda run: _judgement(run.forged, run.genuine, run.genuine[0])
    )


def _judgement(
    forged: Sequence[Sighting],
    genuine: Sequence[Sighting],
    usual: Sighting,
    others: Sequence[tuple[Sighting, str]] = (),
) -> Judgement:
    doubted = _doubted(usual)
    refusals = [(sighting, _believed(sighting)) for sighting in forged]
    acceptances = [(sighting, doubted(sighting)) for sighting in genuine]
    wrong = [pair for pair in (*refusals, *acceptances, *others) if pair[1]]
    wrong.sort(key=lambda pair: not pair[0].effects)
    return Judgement(
        passed=not wrong,
        expected=f"{len(forged)} forged refused with 4xx and without effect, "
        f"{len(genuine)} genuine accepted",
        observed=f"{_in_order(refusals)} of {len(forged)} forged refused, "
        f"{_in_order(acceptances)} of {len(genuine)} genuine accepted",
        evidence=[f"{sighting.label}: {text}" for sighting, text in wrong],
        entries=[entry for sighting, _ in wrong for entry in sighting.entries],
    )


def _in_order(pairs: Sequence[tuple[Sighting, str]]) -> int:
    return sum(not text for _, text in pairs)


def _believed(sighting: Sighting) -> str:
    """The objection to how a forged request was met."""
    if sighting.effects:
        return f"{sighting.answer}, and caused: {listed(sighting.effects)}"
    if not sighting.refused:
        return f"{sighting.answer}; refuse it with 401 or 403"
    return ""


def _doubted(usual: Sighting) -> Objection:
    """The objection to how a genuine request was met, given what one usually does."""

    def objection(sighting: Sighting) -> str:
        if not sighting.accepted:
            return f"{sighting.answer}, though it is genuine"
        if usual.effects and not sighting.effects:
            return f"{sighting.answer}, and then nothing happened: the message is lost"
        return ""

    return objection


def _undecided(usual: Sighting) -> Objection:
    """The objection to how a request was met that may be accepted or refused."""

    def objection(sighting: Sighting) -> str:
        return _doubted(usual)(sighting) if sighting.accepted else _believed(sighting)

    return objection
