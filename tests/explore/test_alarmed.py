"""The alarm over many executions: raised by what grows, silent where it ends."""

from collections.abc import Sequence

import pytest

from emulator.journal import Journal
from harness.explore.alarmed import Alarmed
from harness.explore.execution import Chooser, Execution
from harness.explore.lockstep import Lockstep
from harness.explore.worlds import DOUBLE_PUBLISH, RUNAWAY, Seen
from harness.scenarios.scenario import Record


class Fake:
    """Each execution is one delivery that leads to so many others."""

    def __init__(self, children: int, violations: Sequence[str] = ()) -> None:
        self._children = children
        self._violations = tuple(violations)

    def execute(self, chooser: Chooser) -> Execution:
        journal = Journal()
        detail = {"kind": "user", "route": "/webhook"}
        first = journal.note("delivery", "u0.w0", time=0.0, roots=("u0",), detail=detail)
        for number in range(self._children):
            journal.note(
                "delivery",
                f"u0.w0.h{number}",
                time=1.0,
                cause=first,
                roots=("u0",),
                generation=1,
                detail={"kind": "trigger", "route": "/webhook"},
            )
        record = Record(tuple(journal.entries()), ())
        return Execution((), True, self._violations, Seen((), 0, 0, 0, "", (), record, 0))


def first_alarm(children: int, most: int = 200) -> int:
    """In which execution the alarm is raised; 0 for none."""
    system = Alarmed(Fake(children))
    for number in range(1, most + 1):
        if system.execute(Lockstep()).violations == (RUNAWAY,):
            return number
    return 0


@pytest.mark.parametrize("children", [0, 1])
def test_executions_that_end__raise_nothing(children: int) -> None:
    # With one child each, every other delivery leads to one: half a delivery on average.
    assert first_alarm(children) == 0


@pytest.mark.parametrize(("children", "alarm"), [(4, 88), (3, 150), (2, 427)])
def test_growth__raises_it_the_sooner_the_more_children_there_are(
    children: int, alarm: int
) -> None:
    assert first_alarm(children, most=500) == alarm


def test_broken_contract__is_not_covered_up() -> None:
    system = Alarmed(Fake(4, [DOUBLE_PUBLISH]))
    assert all(system.execute(Lockstep()).violations == (DOUBLE_PUBLISH,) for _ in range(200))
