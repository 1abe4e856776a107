"""Sampling mode, for what is too big to finish: random schedulers that take turns.

Uniform choice has no bound on what it misses, and yet on short handlers it finds every race sooner
than the schedulers that have one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from emulator.chance import Chance
from harness.explore.chains import Chains
from harness.explore.execution import Chooser, Execution, System
from harness.explore.move import Move
from harness.explore.search import Stop


class Sampler(Protocol):
    """A distribution of schedules."""

    @property
    def name(self) -> str:
        """What its chance is drawn by."""

    def chooser(self, stream: Random) -> Chooser:
        """One schedule, drawn from `stream`."""


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every pending move is as likely as any other."""

    @property
    def name(self) -> str:
        return "uniform"

    def chooser(self, stream: Random) -> Chooser:
        return _Uniform(stream)


@dataclass(frozen=True, slots=True)
class Priorities:
    """PCT: tasks have random priorities and the highest moves. At `depth` - 1 random ones of the
    first `steps` moves, the task whose turn it is falls below all others.

    Each schedule hits a bug of this depth with at least `bounds.pct_chance`, if executions have at
    most `steps` moves and all tasks are there from the start.
    """

    depth: int
    steps: int

    @property
    def name(self) -> str:
        return f"pct{self.depth}"

    def chooser(self, stream: Random) -> Chooser:
        return _Priorities(stream, self.depth, self.steps)


@dataclass(frozen=True, slots=True)
class ChainPriorities:
    """PCTCP: as PCT, but priorities are those of causal chains of moves, because tasks are created
    on the way. Its bound is `bounds.pctcp_chance`.
    """

    depth: int
    steps: int

    @property
    def name(self) -> str:
        return f"pctcp{self.depth}"

    def chooser(self, stream: Random) -> Chooser:
        return _ChainPriorities(stream, self.depth, self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one sampler's schedules came to.

    `first_bad` is the number of the first bad schedule, -1 when there was none, and `failure` its
    execution, without evidence: replay it for that. `longest` is the most moves and `tasks` the
    most tasks of an execution, for the bounds.
    """

    sampler: str
    schedules: int = 0
    bad: int = 0
    first_bad: int = -1
    failure: Execution | None = None
    longest: int = 0
    tasks: int = 0

    @property
    def hit_rate(self) -> float:
        return self.bad / self.schedules if self.schedules else 0.0


def sample(
    system: System,
    samplers: Sequence[Sampler],
    chance: Chance,
    schedules: range,
    *,
    until_bad: bool = False,
    stop: Stop | None = None,
) -> tuple[Sample, ...]:
    """Run the schedules with these numbers, the samplers taking turns; a number always gives the
    same schedule. `stop` is asked before each.
    """
    samples = [Sample(sampler=sampler.name) for sampler in samplers]
    for number in schedules:
        if stop is not None and stop():
            break
        turn = number % len(samplers)
        sampler = samplers[turn]
        stream = chance.stream(f"explore/{sampler.name}/{number}")
        execution = system.execute(sampler.chooser(stream))
        samples[turn] = _with(samples[turn], number, execution)
        if until_bad and execution.violations:
            break
    return tuple(samples)


def _with(before: Sample, number: int, execution: Execution) -> Sample:
    first = bool(execution.violations) and before.failure is None
    return replace(
        before,
        schedules=before.schedules + 1,
        bad=before.bad + bool(execution.violations),
        first_bad=number if first else before.first_bad,
        failure=replace(execution, evidence=None) if first else before.failure,
        longest=max(before.longest, len(execution.moves)),
        tasks=max(before.tasks, len({move.task for move in execution.moves})),
    )


class _Uniform:
    def __init__(self, stream: Random) -> None:
        self._random = stream.random

    def choose(self, moves: Sequence[Move]) -> Move:
        return moves[int(self._random() * len(moves))]


class _Falls:
    """When a priority falls, and how low: below 0, where all begin above, and later ones lower."""

    def __init__(self, stream: Random, depth: int, steps: int) -> None:
        drawn = sorted(stream.sample(range(1, steps + 1), min(depth - 1, steps)))
        self._falls = {step: -float(number) for number, step in enumerate(drawn, 1)}
        self._step = 0

    def next(self) -> float | None:
        """The new priority of whose turn it is at the next move, if it falls."""
        self._step += 1
        return self._falls.get(self._step)


class _Priorities:
    def __init__(self, stream: Random, depth: int, steps: int) -> None:
        self._random = stream.random
        self._falls = _Falls(stream, depth, steps)
        self._priority: dict[str, float] = {}

    def choose(self, moves: Sequence[Move]) -> Move:
        priority = self._priority
        for move in moves:
            if move.task not in priority:
                priority[move.task] = self._random()
        turn = max(moves, key=lambda move: priority[move.task])
        fallen = self._falls.next()
        if fallen is None:
            return turn
        priority[turn.task] = fallen
        return max(moves, key=lambda move: priority[move.task])


class _ChainPriorities:
    def __init__(self, stream: Random, depth: int, steps: int) -> None:
        self._random = stream.random
        self._falls = _Falls(stream, depth, steps)
        self._chains = Chains()
        self._priority: list[float] = []

    def choose(self, moves: Sequence[Move]) -> Move:
        chains, priority = self._chains, self._priority
        chains.see(moves)
        while len(priority) < chains.count:
            priority.append(self._random())
        turn = max(moves, key=lambda move: priority[chains.of(move)])
        fallen = self._falls.next()
        if fallen is not None:
            priority[chains.of(turn)] = fallen
            turn = max(moves, key=lambda move: priority[chains.of(move)])
        chains.made(turn)
        return turn
