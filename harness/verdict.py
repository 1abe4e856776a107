"""Verdicts: what a check expected, what it observed, and the evidence. Never a bare boolean."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["hard", "note"]
Result = Literal["passed", "failed", "not applicable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of one check.

    `evidence` holds lines for people, most telling first; `entries` the numbers of the journal
    entries behind them. `run` names the scenario run that was judged (the failed one, if any
    failed). `why` says what a check that was not applicable needs.
    """

    check: str
    result: Result
    expected: str
    observed: str
    severity: Severity = "hard"
    evidence: tuple[str, ...] = ()
    entries: tuple[int, ...] = ()
    run: str = ""
    why: str = ""
    trace: str = ""

    @property
    def failed(self) -> bool:
        return self.result == "failed" and self.severity == "hard"
