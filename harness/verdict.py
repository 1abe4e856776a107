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
class Exhibit:
    """A request that a failure is about. `root` is what the journal calls it, `altered` in which
    part its body differs from a genuine one, if that can be said, `error` what the bot raised;
    `body` is the first 4 kB of what was sent, as text, of `size_bytes`.
    """

    root: str
    what: str
    altered: str
    error: str
    size_bytes: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of one check.

    `evidence` holds lines for people, most telling first; `entries` the numbers of the journal
    entries behind them. `run` names the scenario run that was judged (the failed one, if any
    failed). `why` says what a check that was not applicable needs. `waiver` is what the profile
    says of this check, `expired` when its last day is over; `required` is that the check may not be
    left unjudged. `notes` are findings that fail nothing, because no bot can do better. `exhibits`
    are what it takes to repeat the failure by hand. `cause` is the check to look at first, when its
    failure may explain this one; the first line of the evidence says so. `platform` is where it was
    judged; empty for a bot that is on Messenger alone, and for a check that is judged once for all.
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
    notes: tuple[str, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    cause: str = ""
    platform: str = ""

    @property
    def title(self) -> str:
        """The check, and on which platform."""
        return f"{self.check} on {self.platform}" if self.platform else self.check

    def without_cause(self) -> "Verdict":
        """The verdict without the line of evidence that points to its cause, if it has one."""
        return replace(self, cause="", evidence=self.evidence[1:]) if self.cause else self

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
    settled = []
    for verdict in verdicts:
        waiver = next(
            (one for one in waivers if one.concerns(verdict.check, verdict.platform)), None
        )
        settled.append(
            replace(
                verdict,
                waiver=waiver,
                expired=waiver is not None and not waiver.covers(today),
                required=verdict.check in require,
            )
        )
    return tuple(settled)
