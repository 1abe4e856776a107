"""Hostile input: whatever the body is, the bot neither breaks nor acts on it."""

from collections.abc import Sequence

from harness.checks.observed import Judgement, judge_each, listed, plural
from harness.profile import Profile
from harness.scenarios.hostile import SHOWN_BYTES, Handled, Hostile, Offence
from harness.scenarios.probe import error_of
from harness.verdict import Exhibit, Verdict


def hostile_input(profile: Profile, runs: Sequence[Hostile]) -> Verdict:
    """No body makes the bot answer with 5xx or not at all, publish or send; an ordinary message
    fares afterwards as before.
    """

    def judge(run: Hostile) -> Judgement:
        wanted = Handled(
            min(run.before.publishes, profile.expect.publishes),
            min(run.before.replies, profile.expect.replies),
        )
        shown = _shown(run)
        evidence = [_told(offence, _error(run, offence)) for offence in shown]
        after = run.after
        upset = after is not None and (
            after.publishes < wanted.publishes or after.replies < wanted.replies
        )
        if after is not None and upset:
            evidence.append(f"an ordinary message after them: {_handled(after)}")
        evidence += _told_together(run)
        offences = (*run.smallest, *run.fixed)
        return Judgement(
            passed=not evidence,
            expected="no body answered with 5xx or acted upon, and an ordinary message after them "
            f"handled as before: {_handled(wanted)}",
            observed=_observed(run, upset),
            evidence=evidence,
            entries=[
                entry
                for offence in offences
                if offence.sighting is not None
                for entry in offence.sighting.entries
            ],
            exhibits=[_exhibit(offence, _error(run, offence)) for offence in shown],
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
    size = plural(offence.size_bytes, "byte")
    what = f"{offence.what} ({error})" if error else offence.what
    body = offence.shown
    if offence.size_bytes > SHOWN_BYTES:
        # Its beginning is that of every body, and tells nothing where the part is known.
        body = offence.altered or body + "..."
    elif offence.altered:
        body = f"{offence.altered} in {body}"
    return f"{offence.target}, {offence.label}, {size}: {what}: {body}"


def _exhibit(offence: Offence, error: str) -> Exhibit:
    sighting = offence.sighting
    return Exhibit(
        root=offence.root,
        what=f"{offence.target}, {offence.label}",
        altered=offence.altered,
        error=error or (sighting.error if sighting is not None else ""),
        size_bytes=offence.sent_bytes,
        body=offence.kept,
    )


def _observed(run: Hostile, upset: bool) -> str:
    """Which routes failed. Not how often: a body that fails is shrunk by sending others."""
    found = {offence.target for offence in (*run.fixed, *run.smallest)}
    broken = [target for target in run.targets if target in found]
    well = [target for target in run.targets if target not in broken]
    parts = [f"failures at {' and '.join(broken)}"] if broken else []
    if well:
        parts.append(f"{'none' if broken else '0 failures'} at {' and '.join(well)}")
    if upset:
        parts.append("an ordinary message failed afterwards")
    return ", ".join(parts)


def _error(run: Hostile, offence: Offence) -> str:
    """The exception behind an answer that was not known when it was sent: one that the host hears
    of only when the frozen instance goes on, with the next request.
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
            error = offence.sighting.error
            answer = offence.what.replace(f" ({error})", "", 1) if error else offence.what
            found.setdefault((offence.target, answer), {})[offence.label] = None
    return [
        f"{target}, {what}: {listed(list(labels), 12)}" for (target, what), labels in found.items()
    ]


def _handled(handled: Handled) -> str:
    return (
        f"{plural(handled.publishes, 'publish', 'publishes')}, "
        f"{plural(handled.replies, 'reply', 'replies')}"
    )
