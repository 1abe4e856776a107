"""The certificate: what was judged, how, and with what result; as data. `harness.report` renders
it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.growth import Growth
from harness.identity import Identity
from harness.metrics import Metrics
from harness.platforms import USUAL, PlatformName, listed
from harness.verdict import FATAL, Standing, Verdict
from harness.waivers import Waiver, WaiverState

SCHEMA = "thrice-certificate-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """All verdicts of one certification.

    `problems` are failures of no single check: a host that is not part of the world. `waivers` are
    all those of the profile. `source` is the state of the bot's files, `budget` what one user
    message may cost before thrice cuts it, `driver` how the bot was run and `notes` what that can
    not see. `measured` holds every figure of the real clock, and is the only part that differs
    between two runs with one seed.
    `output` is what the bot printed, for people only. `platforms` are those it was judged on; what
    of the certificate tells of them is left out for a bot that is on Messenger alone, so
    `tells_platforms`.
    """

    app: str
    seed: int
    version: str
    profile_digest: str
    host: str
    verdicts: tuple[Verdict, ...]
    growth: Growth | None
    metrics: Metrics
    source: Identity
    problems: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    selected: bool = False
    budget: Mapping[str, int] = field(default_factory=dict)
    driver: str = "simulated"
    notes: tuple[str, ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict)
    output: tuple[str, ...] = ()
    platforms: tuple[PlatformName, ...] = USUAL
    tells_platforms: bool = False

    @property
    def certified(self) -> bool:
        return not self.problems and bool(self.judged) and not self.fatal

    @property
    def judged(self) -> Sequence[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.result != "not applicable"]

    @property
    def failures(self) -> Sequence[Verdict]:
        """The failed checks that nobody accepts."""
        return self.of("failed")

    @property
    def fatal(self) -> Sequence[Verdict]:
        """Whatever fails the certificate: failures, and required checks that were not judged."""
        return self.of(*FATAL)

    @property
    def start(self) -> str:
        """The failed check that may explain other failures; empty when none does."""
        failed = {verdict.check for verdict in self.failures}
        causes = Counter(one.cause for one in self.failures if one.cause in failed - {one.check})
        return causes.most_common(1)[0][0] if causes else ""

    def of(self, *standings: Standing) -> Sequence[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.standing in standings]

    def state_of(self, waiver: Waiver) -> WaiverState:
        """What became of a waiver of the profile."""
        judged = {one.standing for one in self.judged if waiver.concerns(one.check, one.platform)}
        if not judged:
            return "not judged"
        if "failed" in judged:
            return "expired"
        return "applies" if "waived" in judged else "unused"

    @property
    def headline(self) -> str:
        """The whole truth in a line: `certified, 8 of 9 checks (1 not applicable)`."""
        tail = f" ({', '.join(self._notes)})" if self._notes else ""
        total = len(self.verdicts)
        if self.certified:
            return f"certified{self._where}, {len(self.of('passed'))} of {total} checks{tail}"
        reasons = []
        if self.failures:
            reasons.append(f"{len(self.failures)} of {total} checks failed")
        if self.start:
            reasons.append(f"start with {self.start}")
        if absent := len(self.of("required")):
            reasons.append(f"{absent} required {_checks(absent)} not applicable")
        if self.problems:
            reasons.append(f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}")
        if not self.judged:
            reasons.insert(0, "nothing could be judged")
        return f"NOT certified{self._where}, {', '.join(reasons)}{tail}"

    @property
    def _where(self) -> str:
        return f" on {listed(self.platforms)}" if self.tells_platforms else ""

    @property
    def _notes(self) -> list[str]:
        """What a reader of the first line must know besides the count."""
        states = [self.state_of(waiver) for waiver in self.waivers]
        expired = states.count("expired")
        counted = (
            (len(self.of("waived")), "waived"),
            (expired, "waiver expired" if expired == 1 else "waivers expired"),
            (len(self.of("noted")), "noted"),
            (len(self.of("not applicable")), "not applicable"),
        )
        notes = [f"{count} {what}" for count, what in counted if count]
        if self.selected:
            notes.append("a selection of the checklist")
        return notes

    def as_dict(self) -> dict[str, Any]:
        """A JSON object, as `report/certificate.schema.json` describes it; keys in a fixed order,
        so that equal runs give equal bytes outside `measured`.
        """
        return {
            "headline": self.headline,
            "certified": self.certified,
            "counts": {
                "checks": len(self.verdicts),
                "passed": len(self.of("passed")),
                "failed": len(self.failures),
                "waived": len(self.of("waived")),
                "noted": len(self.of("noted")),
                "not_applicable": len(self.of("not applicable")),
                "required_but_absent": len(self.of("required")),
                "problems": len(self.problems),
            },
            "schema": SCHEMA,
            "thrice": self.version,
            "app": self.app,
            "source": asdict(self.source),
            "profile": self.profile_digest,
            "seed": self.seed,
            "budget": dict(self.budget),
            "drivers": [self.driver],
            "host": self.host,
            "selection": self.selected,
            "problems": list(self.problems),
            "notes": list(self.notes),
            "waivers": [
                {
                    "check": waiver.check,
                    "reason": waiver.reason,
                    "until": waiver.until.isoformat(),
                    "state": self.state_of(waiver),
                    **({"platforms": list(waiver.platforms)} if waiver.platforms else {}),
                }
                for waiver in self.waivers
            ],
            **({"platforms": list(self.platforms)} if self.tells_platforms else {}),
            "verdicts": [
                {
                    "check": verdict.check,
                    **({"platform": verdict.platform or None} if self.tells_platforms else {}),
                    **_verdict(verdict),
                }
                for verdict in self.verdicts
            ],
            "growth": asdict(self.growth) if self.growth is not None else None,
            "metrics": asdict(self.metrics),
            "measured": dict(self.measured),
        }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "standing": verdict.standing,
        "result": verdict.result,
        "severity": verdict.severity,
        "required": verdict.required,
        "expected": verdict.expected,
        "observed": verdict.observed,
        "evidence": list(verdict.evidence),
        "notes": list(verdict.notes),
        "entries": list(verdict.entries),
        "run": verdict.run,
        "needs": verdict.why,
        "remark": verdict.remark,
        "trace": verdict.trace,
        "cause": verdict.cause,
        "exhibits": [asdict(exhibit) for exhibit in verdict.exhibits],
    }


def _checks(number: int) -> str:
    return "check" if number == 1 else "checks"
