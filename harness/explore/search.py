"""Depth-first search through the schedules of a system, in pieces that can be worked on apart.

What is branched to at a choice is a policy's: see `complete` and `bounded`.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from emulator.errors import UnfitRunError
from harness.errors import HarnessError
from harness.explore.execution import Execution, System
from harness.explore.move import Move

# How often one execution of a live bot is repeated that the bot's own timers may have decided.
MOST_UNFIT = 3

# One thing to try at a choice: the move, and the state in which the search goes on behind it.
Branch = tuple[Move, Any]

# Whether to end the search where it stands; asked before each execution.
Stop = Callable[[], bool]


class NondeterministicError(HarnessError):
    """A move that was there in one execution is missing in another with the same choices."""


class Policy(Protocol):
    """Which alternatives of a choice are tried. It keeps nothing itself: what it has to know on the
    way down is the state, which it is handed again. Both can be pickled.
    """

    def start(self) -> Any:
        """The state at the first choice."""

    def branch(self, moves: Sequence[Move], last: Move | None, state: Any) -> Sequence[Branch]:
        """What to try, in this order; nothing when all that could follow has been seen.

        `moves` come by name and are never none; `last` is the move made before.
        """


class Work(NamedTuple):
    """All schedules that begin with these moves, as far as `state` lets them be tried.

    Independent of every other piece of work, and can be pickled.
    """

    names: tuple[str, ...]
    state: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came to. Executions are counted in the order of the search, from 1 on.

    `first_bad` counts all executions and `first_bad_complete` the complete ones; both are 0 when
    there is none. `failure` is the first bad execution, without its evidence: replay it for that.
    `broken` says how many executions broke each oracle, `facts` is what was noted of them.
    `longest` is the most moves in one execution. Unless `finished`, nothing holds for all
    schedules.
    """

    executions: int = 0
    complete: int = 0
    blocked: int = 0
    bad: int = 0
    first_bad: int = 0
    first_bad_complete: int = 0
    failure: Execution | None = None
    broken: dict[str, int] = field(default_factory=dict)
    facts: frozenset[Hashable] = frozenset()
    longest: int = 0
    finished: bool = True

    def then(self, later: "Found") -> "Found":
        """Both, with `later` behind this one in the order of the search."""
        broken = dict(self.broken)
        for oracle, count in later.broken.items():
            broken[oracle] = broken.get(oracle, 0) + count
        behind = self.failure is None and later.failure is not None
        return Found(
            executions=self.executions + later.executions,
            complete=self.complete + later.complete,
            blocked=self.blocked + later.blocked,
            bad=self.bad + later.bad,
            first_bad=self.executions + later.first_bad if behind else self.first_bad,
            first_bad_complete=(
                self.complete + later.first_bad_complete if behind else self.first_bad_complete
            ),
            failure=later.failure if behind else self.failure,
            broken=broken,
            facts=self.facts | later.facts,
            longest=max(self.longest, later.longest),
            finished=self.finished and later.finished,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How to search. The same in every process that takes part, so it can be pickled.

    `until_bad` ends the search at the first bad execution. `facts` takes from each execution what
    is to be noted of it; only values that can be hashed, because each is kept once.
    """

    policy: Policy
    until_bad: bool = False
    facts: Callable[[Execution], Iterable[Hashable]] | None = None

    @property
    def everything(self) -> Work:
        return Work((), self.policy.start())

    def run(
        self,
        system: System,
        work: Collection[Work] | None = None,
        *,
        limit: int | None = None,
        stop: Stop | None = None,
    ) -> tuple[Found, list[Work]]:
        """At most `limit` executions of `work` (of everything), and the work that is left.

        What is left comes in the order of the search, and is empty exactly when `finished`.
        An execution that is unfit is repeated. Raises NondeterministicError when moves are missing
        that were there before, and UnfitRunError when repeating does not help.
        """
        policy = self.policy
        stack = [self.everything] if work is None else list(work)[::-1]
        executions = complete = bad = longest = first_bad = first_bad_complete = unfit = 0
        failure: Execution | None = None
        broken: dict[str, int] = {}
        facts: set[Hashable] = set()
        while stack and (limit is None or executions < limit) and not (stop and stop()):
            next_work = stack.pop()
            chooser = _Branching(next_work, policy)
            try:
                execution = system.execute(chooser)
            except UnfitRunError:
                if unfit == MOST_UNFIT:
                    raise
                unfit += 1
                stack.append(next_work)
                continue
            unfit = 0
            chooser.leave(stack)
            executions += 1
            if len(execution.moves) > longest:
                longest = len(execution.moves)
            if self.facts is not None:
                facts.update(self.facts(execution))
            if not execution.complete:
                continue
            complete += 1
            if execution.violations:
                bad += 1
                for oracle in execution.violations:
                    broken[oracle] = broken.get(oracle, 0) + 1
                if failure is None:
                    first_bad, first_bad_complete = executions, complete
                    failure = replace(execution, evidence=None)
                    if self.until_bad:
                        break
        found = Found(
            executions=executions,
            complete=complete,
            blocked=executions - complete,
            bad=bad,
            first_bad=first_bad,
            first_bad_complete=first_bad_complete,
            failure=failure,
            broken=broken,
            facts=frozenset(facts),
            longest=longest,
            finished=not stack,
        )
        return found, stack[::-1]


class _Branching:
    """Follows the beginning of a piece of work, then takes the first branch of every choice and
    remembers the others.
    """

    __slots__ = ("_branch", "_last", "_length", "_names", "_open", "_position", "_state")

    def __init__(self, work: Work, policy: Policy) -> None:
        self._names = list(work.names)
        self._length = len(work.names)
        self._state = work.state
        self._branch = policy.branch
        self._last: Move | None = None
        self._position = 0
        self._open: list[tuple[int, Sequence[Branch]]] = []

    def choose(self, moves: Sequence[Move]) -> Move | None:
        position = self._position
        if position < self._length:
            name = self._names[position]
            for move in moves:
                if move.name == name:
                    break
            else:
                raise self._missing([move.name for move in moves])
        else:
            branches = self._branch(moves, self._last, self._state)
            if not branches:
                return None
            if len(branches) > 1:
                self._open.append((position, branches))
            move, self._state = branches[0]
            self._names.append(move.name)
        self._position = position + 1
        self._last = move
        return move

    def leave(self, stack: list[Work]) -> None:
        """Put the branches not taken on the stack: those of the last choice are next."""
        if self._position < self._length:
            raise self._missing([])
        for position, branches in self._open:
            prefix = tuple(self._names[:position])
            stack.extend([Work((*prefix, move.name), state) for move, state in branches[:0:-1]])

    def _missing(self, offered: Sequence[str]) -> NondeterministicError:
        return NondeterministicError(
            f"after {self._position} moves {self._names[self._position]} can not be made any more "
            f"(there is {', '.join(offered) or 'nothing'}), although all choices were repeated: "
            "given the same answers, the bot does not do the same"
        )
