"""What the scenarios brought to light, as the checks read it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from emulator.journal import Entry
from emulator.meta import UserMessage
from harness.profile import Profile
from harness.scenarios.scenario import Run
from harness.verdict import Verdict

# Lines of evidence shown for one check; the trace has them all.
MAX_EVIDENCE = 6

R = TypeVar("R", bound=Run)


@dataclass(frozen=True, slots=True)
class Observed:
    """All runs of one certification, by scenario."""

    profile: Profile
    runs: Mapping[str, Sequence[Any]]

    def run_of(self, scenario: str, name: str) -> Run | None:
        return next((run for run in self.runs.get(scenario, ()) if run.name == name), None)


@dataclass(slots=True)
class Judgement:
    """One run as one check sees it."""

    passed: bool
    expected: str
    observed: str
    evidence: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


def judge_each(check: str, runs: Sequence[R], judge: Callable[[R], Judgement]) -> Verdict:
    """Judge every run; the verdict is about the first that fails, else about the last."""
    judgement, run = judge(runs[0]), runs[0]
    for candidate in runs[1:]:
        if not judgement.passed:
            break
        judgement, run = judge(candidate), candidate
    return Verdict(
        check=check,
        result="passed" if judgement.passed else "failed",
        expected=judgement.expected,
        observed=judgement.observed,
        evidence=tuple(shorten(judgement.evidence)),
        entries=tuple(entry.seq for entry in judgement.entries),
        run=run.name,
    )


def shorten(lines: Sequence[str]) -> list[str]:
    if len(lines) <= MAX_EVIDENCE:
        return list(lines)
    return [*lines[: MAX_EVIDENCE - 1], f"and {len(lines) - MAX_EVIDENCE + 1} more"]


def plural(number: int, noun: str, many: str | None = None) -> str:
    """`1 publish`, `30 publishes`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {many or noun + 's'}"


def publishes(number: int) -> str:
    return plural(number, "publish", "publishes")


def listed(items: Sequence[str], most: int = 4) -> str:
    """The first few, and `...` when there are more."""
    return ", ".join(items[:most]) + (", ..." if len(items) > most else "")


def title(message: UserMessage) -> str:
    """A user message for people: its root, its text and the beginning of its mid."""
    return f'{message.root} "{message.text}" ({message.mid[:8]}...)'


def moment(entry: Entry) -> str:
    """When, and in which delivery, something happened: `t=0.412 in u4.w1`."""
    return f"t={entry.time:.3f} in {entry.name.rpartition('.')[0] or entry.name}"
