"""Making a failure small: fewer deliveries, fewer faults, fewer switches between tasks, as long as
the same oracle still breaks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby, pairwise

from harness.explore.execution import Execution
from harness.explore.faults import NO_FAULTS, Plan
from harness.explore.move import Move
from harness.explore.serial import Serial


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A failure as what may be taken from it.

    `choices` are the tasks in the order in which they move: as names of tasks they keep a meaning
    when something else was dropped. `deliveries` are the names of those that may be dropped.
    """

    choices: tuple[str, ...]
    deliveries: tuple[str, ...] = ()
    faults: Plan = NO_FAULTS


# Executes a case from a fresh start: with its deliveries and faults, and `Preferring(choices)`.
Attempt = Callable[[Case], Execution]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """The smallest case found, and its execution. `attempts` counts the re-executions."""

    case: Case
    execution: Execution
    attempts: int

    @property
    def switches(self) -> int:
        return switches(self.case.choices)


class Preferring:
    """Lets tasks move in this order where they can; goes on serially where they can not, and when
    the order is used up.
    """

    def __init__(self, choices: Sequence[str]) -> None:
        self._choices = iter(choices)
        self._serial = Serial()

    def choose(self, moves: Sequence[Move]) -> Move:
        for task in self._choices:
            mine = [move for move in moves if move.task == task]
            if mine:
                return self._serial.choose(mine)
        return self._serial.choose(moves)


def switches(choices: Sequence[str]) -> int:
    """How often the next move is another task's."""
    return sum(one != other for one, other in pairwise(choices))


def tasks_of(execution: Execution) -> tuple[str, ...]:
    return tuple(move.task for move in execution.moves)


def shrink(
    case: Case,
    execution: Execution,
    attempt: Attempt,
    *,
    oracle: str,
    decided: Callable[[Execution], int] | None = None,
    most_attempts: int = 1_000,
) -> Shrunk:
    """Descend greedily from a case whose `execution` breaks `oracle`, to one where no single change
    helps, or until there were `most_attempts`.

    `decided` tells after how many moves an execution had broken it; what can come later counts
    less then, and is put off.
    """
    case = replace(case, choices=tasks_of(execution))
    attempts = 0
    improved = True
    while improved:
        improved = False
        until = decided(execution) if decided is not None else None
        for smaller in _smaller(case, until):
            if attempts == most_attempts:
                break
            attempts += 1
            tried = attempt(smaller)
            if not tried.complete or oracle not in tried.violations:
                continue
            # What was asked for could not always be done: only what was done counts.
            made = replace(smaller, choices=tasks_of(tried))
            size = _size(made, decided(tried) if decided is not None else None)
            if size < _size(case, until):
                case, execution, improved = made, tried, True
                break
    return Shrunk(case=case, execution=execution, attempts=attempts)


def _size(case: Case, until: int | None) -> tuple[int, int, int, int]:
    choices = case.choices
    return len(case.deliveries), len(case.faults), switches(choices[:until]), switches(choices)


def _smaller(case: Case, until: int | None) -> Iterator[Case]:
    for dropped in reversed(case.deliveries):
        yield Case(
            choices=tuple(task for task in case.choices if not _comes_of(task, dropped)),
            deliveries=tuple(name for name in case.deliveries if name != dropped),
            faults=frozenset(fault for fault in case.faults if not _comes_of(fault.task, dropped)),
        )
    for fault in sorted(case.faults):
        yield replace(case, faults=case.faults - {fault})
    for choices in _joined(case.choices):
        yield replace(case, choices=choices)
    if until is not None:
        for choices in _put_off(case.choices, until):
            yield replace(case, choices=choices)


def _comes_of(task: str, delivery: str) -> bool:
    """Whether the task is this delivery, one that it caused, or a repetition of either."""
    return task.startswith(delivery) and task[len(delivery) :][:1] in ("", ".", "'")


def _joined(choices: Sequence[str]) -> list[tuple[str, ...]]:
    """The orders with fewer switches that come of moving one task's choices between two switches
    elsewhere, those with the fewest first. To move fewer of them would save no switch.
    """
    runs = [tuple(run) for _, run in groupby(choices)]
    found: dict[tuple[str, ...], int] = {}
    for place, run in enumerate(runs):
        rest = runs[:place] + runs[place + 1 :]
        for to in range(len(runs)):
            order = tuple(chain.from_iterable([*rest[:to], run, *rest[to:]]))
            found.setdefault(order, switches(order))
    fewer = [order for order, count in found.items() if count < len(runs) - 1]
    return sorted(fewer, key=found.__getitem__)


def _put_off(choices: Sequence[str], until: int) -> Iterator[tuple[str, ...]]:
    """The orders in which what a task does between two of the first switches comes last."""
    runs = [tuple(run) for _, run in groupby(choices)]
    begin = 0
    for place, run in enumerate(runs):
        if begin >= until:
            return
        begin += len(run)
        yield tuple(chain.from_iterable([*runs[:place], *runs[place + 1 :], run]))
