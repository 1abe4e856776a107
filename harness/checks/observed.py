"""What the scenarios brought to light, as the checks read it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from emulator.journal import Entry
from emulator.meta import UserMessage
from harness.platforms import PlatformName
from harness.profile import Profile
from harness.scenarios.probe import error_of
from harness.scenarios.scenario import Record, Run
from harness.verdict import Exhibit, Verdict

# Lines of evidence shown for one check; the trace has them all.
MAX_EVIDENCE = 6
MAX_RAISED = 3
# The check of work that is left behind a response, which explains most of what is missing.
FREEZE = "freeze-safe"

R = TypeVar("R", bound=Run)


@dataclass(frozen=True, slots=True)
class Observed:
    """All runs of one certification on one platform, by scenario; `driver` is what ran the bot, and
    the bot's clock was the world's where `clock_follows`.
    """

    profile: Profile
    runs: Mapping[str, Sequence[Any]]
    driver: str = "simulated"
    clock_follows: bool = True
    platform: PlatformName = "messenger"

    def run_of(self, scenario: str, name: str) -> Run | None:
        return next((run for run in self.runs.get(scenario, ()) if run.name == name), None)


@dataclass(slots=True)
class Judgement:
    """One run as one check sees it.

    `evidence` may be shortened, `remarks` on all of it are not. `wrong` are the user messages that
    went wrong: what may have caused that is looked for.
    """

    passed: bool
    expected: str
    observed: str
    evidence: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    wrong: Sequence[str] = ()
    exhibits: list[Exhibit] = field(default_factory=list)


def judge_each(check: str, runs: Sequence[R], judge: Callable[[R], Judgement]) -> Verdict:
    """Judge every run; the verdict is about the first that fails, else about the last. What is
    noted of any run judged until then goes with it.
    """
    judgement, run = judge(runs[0]), runs[0]
    notes = list(judgement.notes)
    for candidate in runs[1:]:
        if not judgement.passed:
            break
        judgement, run = judge(candidate), candidate
        notes += judgement.notes
    late = 0 if judgement.passed else late_calls(run.record, judgement.wrong)
    cause = [f"see {FREEZE}: {plural(late, 'call')} of theirs arrived after the response"]
    # Of what happens behind a response, an exception is a consequence.
    raised = [] if judgement.passed or late else raised_by(run.record, judgement.wrong)
    return Verdict(
        check=check,
        result="passed" if judgement.passed else "failed",
        expected=judgement.expected,
        observed=judgement.observed,
        evidence=(
            *(cause if late else []),
            *shorten(judgement.evidence),
            *raised,
            *judgement.remarks,
        ),
        cause=FREEZE if late else "",
        exhibits=tuple(judgement.exhibits),
        entries=tuple(entry.seq for entry in judgement.entries),
        run=run.name,
        notes=tuple(shorten(notes)),
    )


def late_calls(record: Record, roots: Sequence[str]) -> int:
    """How many calls for these user messages came too late to count."""
    return sum(not set(roots).isdisjoint(entry.roots) for entry in record.of("late"))


def raised_by(record: Record, roots: Sequence[str]) -> list[str]:
    """A line for each exception that the bot raised while it worked for these user messages."""
    found: dict[str, list[str]] = {}
    sent = {entry.seq: entry.name for entry in record.of("delivery")}
    for entry in record.of("instance"):
        if entry.detail.get("event") == "exception" and not set(roots).isdisjoint(entry.roots):
            found.setdefault(error_of(entry), []).append(sent.get(entry.cause, entry.name))
    lines = [
        f"raised: {error}, {plural(len(where), 'time')}, first in {where[0]}"
        for error, where in found.items()
    ]
    return lines[:MAX_RAISED]


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
