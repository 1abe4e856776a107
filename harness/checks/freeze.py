"""Freeze: a serverless host stops the function after its response, so nothing may be left to do."""

from collections.abc import Mapping, Sequence

from emulator.gate import shown_url
from emulator.recorded import RecordedCall
from harness.checks.observed import Judgement, judge_each, plural
from harness.profile import Profile
from harness.scenarios.left_behind import LeftBehind
from harness.verdict import Verdict

# Of the address of a call and of a message's id, in evidence.
SHOWN_CHARACTERS = 90
MID_CHARACTERS = 12


# What each kind of host does to work that a response leaves behind.
FREEZES: Mapping[str, str] = {
    "lambda": "freezes an instance at the last byte of its response",
    "vercel": "freezes an instance when {over}",
    "vercel-fluid": (
        "freezes an instance when {over} and no other request is left, so that this work goes on "
        "only while one is"
    ),
    "cloud-run": (
        "takes the CPU from an instance at the last byte of its last response, so that this work "
        "goes on only with another request"
    ),
    "always-on": "freezes nothing",
}


def freeze_safe(profile: Profile, runs: Sequence[LeftBehind]) -> Verdict:
    """No call arrives after a response, and none was still unanswered when the response was
    sent.
    """
    kind = profile.host.kind

    def judge(run: LeftBehind) -> Judgement:
        late = sorted(run.late, key=lambda call: call.invocation.entry)
        evidence = [
            f"this call was still wanted: {call.request.method} {_target(call)}, "
            f"from {_request(call, run.mids)}"
            for call in late
        ]
        if run.late:
            evidence.insert(0, f'host "{kind}" {_freezes(profile)}; {_way_out(profile)}')
        # As late calls are not answered, an application call that waits for one never returns.
        waited = sum(call.invocation.lingering and not call.background for call in run.late)
        if waited:
            evidence.insert(
                1,
                f"{plural(waited, 'call')} came from the very application call that had responded, "
                "as background tasks do: a host that waits for it, Mangum on AWS Lambda for one, "
                'lets them happen; if yours does, say [host] kind = "vercel"',
            )
        return Judgement(
            passed=not run.late,
            expected="0 calls after a response",
            observed=plural(len(run.late), "call after a response", "calls after a response"),
            evidence=evidence,
        )

    return judge_each("freeze-safe", runs, judge)


def _freezes(profile: Profile) -> str:
    over = "the response is sent"
    if profile.bot.app:
        over = "the application call returned"
    elif profile.bot.command:
        over += " and what was given to waitUntil is done"
    return FREEZES[profile.host.kind].format(over=over)


def _way_out(profile: Profile) -> str:
    await_it = "await this work before you respond"
    registers = profile.host.kind.startswith("vercel") and profile.bot.command
    return await_it + (", or give it to waitUntil" if registers else "")


def _target(call: RecordedCall) -> str:
    """The path at a service of the world, the whole URL of anything else."""
    url = shown_url(call.request)
    text = url if call.service in ("bot", "unknown") else call.request.raw_path
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."


def _request(call: RecordedCall, mids: Mapping[str, str]) -> str:
    """Which request it was left behind by, for people: by the user messages, and where it ran."""
    invocation = call.invocation
    where = f"{invocation.name}, {invocation.request.raw_path}, on {invocation.instance}"
    known = [mids[root] for root in invocation.roots if root in mids]
    if not known:
        return where
    shown = " and ".join(f"{mid[:MID_CHARACTERS]}..." for mid in known)
    return f"the request for mid {shown} ({where})"
