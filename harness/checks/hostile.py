"""Hostile input: whatever the body is, the bot neither breaks nor acts on it."""

from collections.abc import Sequence

from harness.checks.observed import Judgement, judge_each, listed, plural
from harness.profile import Profile
from harness.scenarios.hostile import SHOWN_BYTES, Handled, Hostile, Offence
from harness.scenarios.probe import error_of
from harness.verdict import Verdict


def hostile_input(profile: Profile, runs: Sequence[Hostile]) -> Verdict:
    """No body makes the bot answer with 5xx or not at all, publish or send; an ordinary message
    fares afterwards as before.
    """

    def judge(run: Hostile) -> Judgement:
        wanted = Handled(
            min(run.before.publishes, profile.expect.publishes),
            min(run.before.replies, profile.expect.replies),
        )
        evidence = [_told(offence, _error(run, offence)) for offence in _shown(run)]
        after = run.after
        if after is not None and (
            after.publishes < wanted.publishes or after.replies < wanted.replies
        ):
            evidence.append(f"an ordinary message after them: {_handled(after)}")
        evidence += _told_together(run)
        offences = (*run.smallest, *run.fixed)
        return Judgement(
            passed=not evidence,
            expected="no body answered with 5xx or acted upon, and an ordinary message after them "
            f"handled as before: {_handled(wanted)}",
            observed=f"{plural(run.bodies, 'body', 'bodies')}, {plural(run.failed, 'failure')}",
            evidence=evidence,
            entries=[
                entry
                for offence in offences
                if offence.sighting is not None
                for entry in offence.sighting.entries
            ],
        )

    return judge_each("hostile-input", runs, judge)


def _shown(run: Hostile) -> list[Offence]:
    """A body that the bot never came back from; else for each target the smallest generated one
    that failed, or if there is none the smallest of the others.
    """
    hung = [offence for offence in run.fixed if offence.sighting is None]
    shown = {offence.target: offence for offence in run.smallest}
    for offence in sorted(run.fixed, key=lambda candidate: candidate.size_bytes):
        shown.setdefault(offence.target, offence)
    return hung or list(shown.values())


def _told(offence: Offence, error: str) -> str:
    cut = "..." if offence.size_bytes > SHOWN_BYTES else ""
    size = plural(offence.size_bytes, "byte")
    what = f"{offence.what} ({error})" if error else offence.what
    return f"{offence.target}, {offence.label}, {size}: {what}: {offence.shown}{cut}"


def _error(run: Hostile, offence: Offence) -> str:
    """The exception behind an answer. A host that freezes at the last byte hears of it only when
    the instance goes on, with the next request.
    """
    if offence.sighting is None or offence.sighting.error:
        return ""
    sent = {entry.seq for entry in offence.sighting.entries if entry.kind == "delivery"}
    return next(
        (
            error_of(entry)
            for entry in run.record.entries
            if entry.cause in sent and error_of(entry)
        ),
        "",
    )


def _told_together(run: Hostile) -> list[str]:
    """The fixed bodies that failed, which need not be shown: a line for each target and answer."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for offence in run.fixed:
        if offence.sighting is not None:
            found.setdefault((offence.target, offence.what), {})[offence.label] = None
    return [
        f"{target}, {what}: {listed(list(labels), 12)}" for (target, what), labels in found.items()
    ]


def _handled(handled: Handled) -> str:
    return (
        f"{plural(handled.publishes, 'publish', 'publishes')}, "
        f"{plural(handled.replies, 'reply', 'replies')}"
    )
