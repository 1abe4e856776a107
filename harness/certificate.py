"""The certificate: what was judged, how, and with what result; as data. `harness.report` renders
it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.growth import Growth
from harness.verdict import Verdict

SCHEMA = "thrice-certificate-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """All verdicts of one certification.

    `problems` are failures of no single check: a host that is not part of the world. `measured`
    holds every figure of the real clock, and is the only part that differs between two runs with
    one seed. `output` is what the bot printed, for people only.
    """

    app: str
    seed: int
    version: str
    profile_digest: str
    host: str
    verdicts: tuple[Verdict, ...]
    growth: Growth | None
    problems: tuple[str, ...] = ()
    selected: bool = False
    measured: Mapping[str, float] = field(default_factory=dict)
    output: tuple[str, ...] = ()

    @property
    def certified(self) -> bool:
        return (
            not self.problems
            and bool(self.judged)
            and not any(verdict.failed for verdict in self.verdicts)
        )

    @property
    def judged(self) -> Sequence[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.result != "not applicable"]

    @property
    def failures(self) -> Sequence[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.failed]

    @property
    def headline(self) -> str:
        """The whole truth in a line: `certified, 8 of 9 checks (1 not applicable)`."""
        absent = len(self.verdicts) - len(self.judged)
        passed = sum(verdict.result == "passed" for verdict in self.verdicts)
        notes = [f"{absent} not applicable"] if absent else []
        if self.selected:
            notes.append("a selection of the checklist")
        tail = f" ({', '.join(notes)})" if notes else ""
        if self.certified:
            return f"certified, {passed} of {len(self.verdicts)} checks{tail}"
        if not self.judged:
            return f"NOT certified, nothing could be judged{tail}"
        reasons = (
            [f"{len(self.failures)} of {len(self.verdicts)} checks failed"] if self.failures else []
        )
        if self.problems:
            reasons.append(f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}")
        return f"NOT certified, {', '.join(reasons)}{tail}"

    def as_dict(self) -> dict[str, Any]:
        """A JSON object; keys in a fixed order, so that equal runs give equal bytes outside
        `measured`.
        """
        return {
            "schema": SCHEMA,
            "certified": self.certified,
            "headline": self.headline,
            "app": self.app,
            "seed": self.seed,
            "thrice": self.version,
            "profile": self.profile_digest,
            "host": self.host,
            "driver": "simulated",
            "problems": list(self.problems),
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "growth": asdict(self.growth) if self.growth is not None else None,
            "measured": dict(self.measured),
        }

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n")
