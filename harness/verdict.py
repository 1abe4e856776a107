"""Verdicts: what a check expected, what it observed, and the evidence. Never a bare boolean."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from harness.waivers import Waiver

Severity = Literal["hard", "note"]
Result = Literal["passed", "failed", "not applicable"]

# What a verdict means to the certificate. Those of FATAL fail it.
Standing = Literal["passed", "failed", "waived", "noted", "not applicable", "required"]
FATAL: tuple[Standing, ...] = ("failed", "required")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of one check.

    `evidence` holds lines for people, most telling first; `entries` the numbers of the journal
    entries behind them. `run` names the scenario run that was judged (the failed one, if any
    failed). `why` says what a check that was not applicable needs. `waiver` is what the profile
    says of this check, `expired` when its last day is over; `required` is that the check may not be
    left unjudged.
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
    waiver: Waiver | None = None
    expired: bool = False
    required: bool = False

    @property
    def standing(self) -> Standing:
        """`required` is a check that had to be judged, and was not applicable."""
        if self.result == "not applicable":
            return "required" if self.required else "not applicable"
        if self.result == "passed":
            return "passed"
        if self.severity == "note":
            return "noted"
        return "waived" if self.waiver is not None and not self.expired else "failed"

    @property
    def failed(self) -> bool:
        """A failure of the bot that nobody accepts."""
        return self.standing == "failed"

    @property
    def remark(self) -> str:
        """What the waiver or the requirement adds, for people; empty when there is neither."""
        match self.standing:
            case "required":
                return "required, so not applicable fails the certificate"
            case "waived" if self.waiver is not None:
                return f"waived until {self.waiver.until}: {self.waiver.reason}"
            case "failed" if self.waiver is not None:
                return (
                    f"the waiver expired, its last day was {self.waiver.until}: "
                    f"{self.waiver.reason}"
                )
            case _ if self.waiver is not None:
                return f"its waiver (until {self.waiver.until}) is not needed"
            case _:
                return ""


def settle(
    verdicts: Sequence[Verdict],
    *,
    waivers: Sequence[Waiver] = (),
    today: date | None = None,
    require: Collection[str] = (),
) -> tuple[Verdict, ...]:
    """The verdicts with the waivers of the profile, as they count on the day `today` (without a day
    none does), and with what is required.
    """
    by_check = {waiver.check: waiver for waiver in waivers}
    settled = []
    for verdict in verdicts:
        waiver = by_check.get(verdict.check)
        settled.append(
            replace(
                verdict,
                waiver=waiver,
                expired=waiver is not None and not waiver.covers(today),
                required=verdict.check in require,
            )
        )
    return tuple(settled)
