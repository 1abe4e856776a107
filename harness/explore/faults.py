"""Fault plans: which calls of an exploration go wrong and how, and which plans are worth exploring.

How a fault is made to happen is the explored system's business.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator
from hashlib import blake2b
from itertools import combinations, product
from typing import NamedTuple

from harness.explore.execution import Execution

# The kinds are named as the faults of the emulator are.
FAIL_BEFORE = "fail-before"
FAIL_AFTER = "fail-after"
WITHHELD = "withheld"
KILLED = "killed"

KINDS = (FAIL_BEFORE, FAIL_AFTER)

# Of these the bot can not know whether the call took effect.
AMBIGUOUS = frozenset({FAIL_AFTER, WITHHELD, KILLED})


class Point(NamedTuple):
    """A call that can go wrong: the `ordinal`th of its task, from 0 on."""

    task: str
    ordinal: int


class Fault(NamedTuple):
    task: str
    ordinal: int
    kind: str

    @property
    def point(self) -> Point:
        return Point(self.task, self.ordinal)

    @property
    def ambiguous(self) -> bool:
        return self.kind in AMBIGUOUS


Plan = frozenset[Fault]
NO_FAULTS: Plan = frozenset()


class Reached(NamedTuple):
    """A call that an execution made."""

    point: Point
    signature: str


# The calls of one execution, in the order in which they took effect.
Calls = tuple[Reached, ...]


def calls_of(execution: Execution) -> Calls:
    """Its calls. A move that neither reads nor writes (a start, a step of time) is none."""
    made: dict[str, int] = {}
    calls: list[Reached] = []
    for move in execution.moves:
        if move.reads or move.writes:
            ordinal = made.get(move.task, 0)
            made[move.task] = ordinal + 1
            calls.append(Reached(Point(move.task, ordinal), move.signature))
    return tuple(calls)


def note_calls(execution: Execution) -> Iterable[Hashable]:
    """For the `facts` of a search: the calls of each complete execution."""
    return [calls_of(execution)] if execution.complete else []


def points(executions: Iterable[Calls]) -> tuple[Point, ...]:
    """Every call that was reached in any of them, by task and ordinal."""
    return tuple(sorted({call.point for calls in executions for call in calls}))


def plans(at: Iterable[Point], *, faults: int, kinds: Collection[str] = KINDS) -> Iterator[Plan]:
    """All plans with exactly so many faults, each at another of these points."""
    for where in combinations(sorted(at), faults):
        for how in product(kinds, repeat=faults):
            yield frozenset(
                Fault(point.task, point.ordinal, kind)
                for point, kind in zip(where, how, strict=True)
            )


def extended(
    plan: Plan, executions: Iterable[Calls], *, kinds: Collection[str] = KINDS
) -> tuple[Plan, ...]:
    """The plans with one fault more that the executions under `plan` show to be possible.

    The new fault is at a call of an execution in which all faults of `plan` happened. So points
    that appear only after a fault (a redelivery's, a retry's) are among them, and faults that never
    meet in one execution are not combined: under each alone they have been seen.
    """
    own = {fault.point for fault in plan}
    found: set[Point] = set()
    for calls in executions:
        reached = {call.point for call in calls}
        if own <= reached:
            found |= reached - own
    # A task's calls come one after the other: a plan is built on its earlier faults.
    last = {point.task: point.ordinal for point in sorted(own)}
    return tuple(
        plan | {Fault(point.task, point.ordinal, kind)}
        for point in sorted(found)
        for kind in kinds
        if point.ordinal > last.get(point.task, -1)
    )


def behaviour(plan: Plan, executions: Iterable[Calls]) -> bytes:
    """A digest of what the plan came to: of each execution, in order, the signatures of its calls
    and which of them went wrong how. Plans for which it is equal are one.
    """
    kinds = {fault.point: fault.kind for fault in plan}
    histories = sorted(
        repr([(*call.point, call.signature, kinds.get(call.point, "")) for call in calls])
        for calls in executions
    )
    return blake2b("\n".join(histories).encode(), digest_size=16).digest()


class Campaign:
    """Hands out plans with at most so many faults, those with fewer first, and learns from what
    each came to which others there are.
    """

    def __init__(self, *, most_faults: int, kinds: Collection[str] = KINDS) -> None:
        self._most = most_faults
        self._kinds = kinds
        self._known: set[Plan] = {NO_FAULTS}
        self._waiting: list[Plan] = [NO_FAULTS]
        self._behaviours: dict[bytes, Plan] = {}

    def __iter__(self) -> Iterator[Plan]:
        """Each plan once. Those that are learnt meanwhile come behind."""
        yield from self._waiting

    def learn(self, plan: Plan, executions: Collection[Calls]) -> Plan | None:
        """Take note of all executions under a plan, by the calls of each. Returns the plan that did
        the same before, if there is one: nothing is built on this one then.
        """
        same = self._behaviours.setdefault(behaviour(plan, executions), plan)
        if same != plan:
            return same
        if len(plan) < self._most:
            for larger in extended(plan, executions, kinds=self._kinds):
                if larger not in self._known:
                    self._known.add(larger)
                    self._waiting.append(larger)
        return None
