"""Freeze: a serverless host stops the function after its response, so nothing may be left to do."""

from collections.abc import Sequence

from emulator.gate import shown_url
from harness.checks.observed import Judgement, judge_each, plural
from harness.profile import Profile
from harness.scenarios.rapid import Rapid
from harness.verdict import Verdict


def freeze_safe(profile: Profile, runs: Sequence[Rapid]) -> Verdict:
    """No call arrives after a response, and none was still unanswered when the response was
    sent.
    """
    kind = profile.host.kind

    def judge(run: Rapid) -> Judgement:
        evidence = [
            f"this call was still wanted: {call.request.method} {_short(shown_url(call.request))}, "
            f"from {call.invocation.name} ({call.invocation.request.raw_path}) "
            f"on {call.invocation.instance}"
            for call in run.late
        ]
        when = (
            "the last byte of its response" if kind == "lambda" else "the application call returned"
        )
        if run.late:
            evidence.insert(
                0,
                f'host "{kind}" freezes an instance at {when}; await this work before you respond',
            )
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


def _short(url: str) -> str:
    return url if len(url) <= 90 else url[:87] + "..."
