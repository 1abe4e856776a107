"""Scenarios in which the order of things is searched and not drawn: copies of one webhook in every
order, and every call going wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from emulator.schedule import Fifo
from harness.explore.execution import Execution
from harness.explore.faults import FAIL_AFTER, FAIL_BEFORE, KILLED, WITHHELD
from harness.explore.ladder import Climbed, Failure, Ladder
from harness.explore.scene import scene_of
from harness.explore.worlds import Race, Seen
from harness.scenarios.scenario import MakeSchedule, Record, Scenario
from harness.stage import Stage

SEARCHED = "every order"


@dataclass(frozen=True, slots=True)
class Explored:
    """What a search came to. `name` is that of the scene that failed, if one did, and `record` that
    of its execution: enough to follow it again.
    """

    name: str
    record: Record
    claims: tuple[str, ...] = ()
    executions: int = 0
    classes: int = 0
    plans: int = 0
    notes: tuple[str, ...] = ()
    failure: Failure | None = None


def _play(
    climb: Callable[[Ladder, Stage], Climbed],
    stage: Stage,
    name: str,
    schedule: MakeSchedule = Fifo,
) -> Explored:
    """Search; or, by the name of a scene, follow one recorded execution of it."""
    if name != SEARCHED:
        return _follow(stage, name, schedule)
    climbed = climb(Ladder(stage, stage.budget, stage.progress), stage)
    failure = climbed.failure
    shown = failure.execution if failure is not None else climbed.last
    assert shown is not None
    return Explored(
        name=failure.scene.name if failure is not None else SEARCHED,
        record=_seen(shown).record,
        claims=tuple(climbed.claims),
        executions=climbed.executions,
        classes=climbed.classes,
        plans=climbed.plans,
        notes=tuple(climbed.notes),
        failure=failure,
    )


def _follow(stage: Stage, name: str, schedule: MakeSchedule) -> Explored:
    scene = scene_of(name)
    execution = Race(stage, scene).follow(schedule)
    return Explored(
        name=name,
        record=_seen(execution).record,
        executions=1,
        notes=_seen(execution).notes,
        failure=Failure(scene, execution, "recorded", 0, "") if execution.violations else None,
    )


def _seen(execution: Execution) -> Seen:
    seen = execution.evidence
    assert isinstance(seen, Seen)
    return seen


def _copies(copies: int) -> Callable[[Ladder, Stage], Climbed]:
    return lambda ladder, stage: ladder.climb_races(copies)


def _one_fault(ladder: Ladder, stage: Stage) -> Climbed:
    # An answer that never comes takes a live bot as long as its own time limits are.
    waits = stage.driver == "simulated" or stage.budget.name == "deep"
    return ladder.climb_faults((FAIL_BEFORE, FAIL_AFTER, *((WITHHELD,) if waits else ())))


def _killed(ladder: Ladder, stage: Stage) -> Climbed:
    return ladder.climb_faults((KILLED,))


TWO_COPIES = Scenario(
    "two-copies",
    "two copies of a webhook in every order",
    (SEARCHED,),
    partial(_play, _copies(2)),
    healthy=False,
    effort=1.5,
)
THREE_COPIES = Scenario(
    "three-copies",
    "three copies of a webhook in many orders",
    (SEARCHED,),
    partial(_play, _copies(3)),
    healthy=False,
    effort=4.0,
)
ONE_FAULT = Scenario(
    "one-fault",
    "every call failing once",
    (SEARCHED,),
    partial(_play, _one_fault),
    healthy=False,
    effort=0.9,
)
INSTANCE_KILLED = Scenario(
    "instance-killed",
    "the instance dying at every call",
    (SEARCHED,),
    partial(_play, _killed),
    healthy=False,
    effort=0.8,
)
