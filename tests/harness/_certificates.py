"""Certificates and verdicts to render, with what a test does not care about filled in."""

from collections.abc import Sequence
from datetime import date

from harness.certificate import Certificate
from harness.identity import Identity
from harness.metrics import Metrics, measure_runs
from harness.verdict import Result, Severity, Verdict
from harness.waivers import Waiver

NOTHING: Metrics = measure_runs([])
DIGEST = "0f" * 32
LAST_DAY = date(2027, 1, 31)


def verdict(
    check: str,
    result: Result = "passed",
    *,
    severity: Severity = "hard",
    observed: str = "10 publishes",
    evidence: tuple[str, ...] = (),
    waiver: Waiver | None = None,
    expired: bool = False,
    required: bool = False,
    trace: str = "",
    notes: tuple[str, ...] = (),
) -> Verdict:
    absent = result == "not applicable"
    return Verdict(
        check=check,
        result=result,
        severity=severity,
        expected="" if absent else "10 publishes",
        observed="" if absent else observed,
        why="[store] in the profile" if absent else "",
        evidence=evidence,
        waiver=waiver,
        expired=expired,
        required=required,
        trace=trace,
        notes=notes,
    )


def waiver(check: str, until: date = LAST_DAY) -> Waiver:
    return Waiver(check=check, reason="known, mended soon", until=until)


def certificate(
    *verdicts: Verdict,
    problems: Sequence[str] = (),
    waivers: Sequence[Waiver] = (),
    selected: bool = False,
    app: str = "mybot.main:app",
    notes: Sequence[str] = (),
) -> Certificate:
    return Certificate(
        app=app,
        seed=7,
        version="1.2.3",
        profile_digest=DIGEST,
        host="lambda",
        verdicts=verdicts,
        growth=None,
        metrics=NOTHING,
        source=Identity(digest=DIGEST, files=3, commit="ab" * 20, dirty=True),
        problems=tuple(problems),
        waivers=tuple(waivers) or tuple(one.waiver for one in verdicts if one.waiver is not None),
        selected=selected,
        measured={"wall_s": 1.25},
        notes=tuple(notes),
    )


EVERYTHING = certificate(
    verdict("ten-rapid", "failed", evidence=("u0 | was\npublished `3` times",), trace=".thrice/x"),
    verdict("dedup-records", "not applicable"),
    verdict("queue-ledger", "not applicable", required=True),
    verdict("one-reply", "failed", waiver=waiver("one-reply"), trace=".thrice/y"),
    verdict("no-loop", "failed", waiver=waiver("no-loop", date(2026, 1, 1)), expired=True),
    verdict("quiet-day", waiver=waiver("quiet-day")),
    verdict("quiet-week", "failed", severity="note"),
    verdict("handshake"),
    problems=("telemetry.example.net is not part of the world (2 times)",),
)
# A finding of severity note does not keep a check from passing.
WITH_NOTES = certificate(
    verdict("send-fails", notes=("answered twice", "and | thrice")), verdict("handshake")
)
