"""How bad it is what an execution under a fault plan came to.

Where the answer of a sending call is lost, no bot can know whether the user has the reply, and
none can answer exactly once. What is impossible for all is noted; everything else is a failure.
"""

from collections.abc import Collection
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.explore.faults import NO_FAULTS, Fault, Plan
from harness.verdict import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    severity: Severity
    reason: str


def judge(
    plan: Plan,
    *,
    replies: int,
    publishes: int,
    window: Collection[Fault] = NO_FAULTS,
    unkeyed: Collection[Fault] = NO_FAULTS,
) -> Finding | None:
    """The finding for one user message, None when it has its one reply and one publish at most.

    `window` holds the ambiguous faults of the plan that came between the effect of a sending call
    and the durable record of it; `unkeyed` those on publishes without a dedup id. Each of them
    excuses one reply too many or too few, or one publish too many. Raises HarnessError for faults
    that are not of the plan, or not ambiguous.
    """
    for fault in (*window, *unkeyed):
        if fault not in plan or not fault.ambiguous:
            raise HarnessError(
                f"{fault} can excuse nothing: it is not an ambiguous one of the plan"
            )
    if replies == 1 and publishes <= 1:
        return None
    excused = len(frozenset(window))
    most_publishes = 1 + len(frozenset(unkeyed))
    if not 1 - excused <= replies <= 1 + excused:
        return Finding("hard", f"{_count(replies, 'reply')} {_instead(excused)}, {_under(plan)}")
    if publishes > most_publishes:
        return Finding(
            "hard",
            f"{_count(publishes, 'publish')}, and {most_publishes} at most can be excused, "
            f"{_under(plan)}",
        )
    if replies != 1:
        chosen = "repeat a reply than lose it" if replies else "lose a reply than repeat it"
        return Finding(
            "note",
            f"{_count(replies, 'reply')}, {_under(plan)}: where it can not know, the bot would "
            f"rather {chosen}",
        )
    return Finding(
        "note",
        f"{_count(publishes, 'publish')}, {_under(plan)}: a dedup id would make it one",
    )


def _instead(excused: int) -> str:
    if not excused:
        return "instead of 1"
    return f"where {max(1 - excused, 0)} to {1 + excused} can be excused"


def _under(plan: Plan) -> str:
    if not plan:
        return "with no fault"
    return "with " + " and ".join(
        f"{fault.kind} on call {fault.ordinal} of {fault.task}" for fault in sorted(plan)
    )


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}es"
