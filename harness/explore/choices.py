"""The schedule of a world under exploration: no call takes any time, and wherever more than one
thing could happen next a chooser is asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from emulator import World
from emulator.call import Call
from emulator.exchange import Outcome, Reply
from emulator.faults import FailAfter, FailBefore, Fault, Killed, Withheld
from emulator.recorded import RecordedCall
from emulator.schedule import Schedule
from emulator.step import Agenda, Step, StepKind
from harness.explore.execution import Chooser
from harness.explore.faults import FAIL_AFTER, FAIL_BEFORE, KILLED, WITHHELD
from harness.explore.move import Move
from harness.explore.scene import Scene
from harness.explore.serial import Serial

# Seconds. A wait of the bot's own may be over before a call is answered that was made this long ago
# at most; later ones, such as time limits, end only when nothing else can happen. It holds for all
# waits of a call together: a timer that goes off every second would otherwise keep an answer back
# until the call fails, which is a fault and no order.
PATIENCE_S = 1.0
# What every answer depends on while a wait may end first: the time at which it is given.
CLOCK = frozenset({"clock"})

_COPY = re.compile(r"u\d+\.w(\d+)")


@dataclass(slots=True)
class Made:
    """A move that was made. `call` is what it answered and `outcome` what the bot was told; None
    where there is nothing of the kind, or nothing yet. `fault` is the kind of what went wrong.
    """

    move: Move
    call: RecordedCall | None = None
    outcome: Outcome | None = None
    fault: str = ""


class Choices:
    """One execution of a scene. Asks `chooser` where there is a choice; or follows `inner`, which
    then picks every step, and keeps a record as it does.

    Copies that were told the same so far are exchanged for one another unless `exchange` is False:
    only the first of them is offered. `given_up` tells that the chooser has seen what would come;
    the execution goes on by itself then, so that no instance is left in the middle of something.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        chooser: Chooser | None = None,
        inner: Schedule | None = None,
        exchange: bool = False,
    ) -> None:
        self.made: list[Made] = []
        self.given_up = False
        self._serial = Serial()
        self._scene = scene
        self._chooser = chooser
        self._inner = inner
        self._exchange = exchange
        self._world: World | None = None
        self._of_call: dict[str, Made] = {}
        self._ordinals: dict[str, int] = {}
        self._planned: dict[str, str] = {}
        self._told: dict[str, tuple[object, ...]] = {}
        self._waits: dict[str, int] = {}
        self._symbols: dict[str, str] = {}

    def enter(self, world: World) -> None:
        """To be called before the world runs."""
        self._world = world
        world.gate.watch = self._watch
        if self._scene.plan:
            world.gate.faults = self._fault

    # -- the schedule

    def latency(self, call: Call) -> float:
        return 0.0

    def pick(self, agenda: Agenda) -> Step | None:
        if self._inner is not None:
            step = self._inner.pick(agenda)
            if step is not None and _is_answer(step):
                self._make(self._move_of(step, waiting=False), step)
            return step
        earliest = agenda.earliest()
        if earliest is None:
            return None
        now = self._open.kernel.clock.now
        offered: dict[str, tuple[Move, Step]] = {}
        due = agenda.due_by(max(now, earliest.due))
        held = [step for step in due if self._is_held(step)]
        parked = [step.due for step in due if step.kind is not StepKind.WAKE and step not in held]
        wait = self._short_wait(agenda, min(parked, default=now))
        for step in due:
            if step in held:
                continue
            if step.kind is StepKind.START and self._shares(step):
                move = Move(step.name, step.task, self._letter(step), signature="start")
            elif _is_answer(step):
                move = self._move_of(step, waiting=wait is not None)
            elif step is wait:
                continue
            else:
                # It changes nothing that another task could see, so it needs no choice.
                return step
            offered[move.name] = (move, step)
        if not offered:
            return wait or next((step for step in agenda if step not in held), None)
        if wait is not None:
            move = self._move_of_wait(wait)
            offered[move.name] = (move, wait)
        return self._choose(offered)

    # -- inside

    def _choose(self, offered: dict[str, tuple[Move, Step]]) -> Step:
        moves = [offered[name][0] for name in sorted(offered)]
        if self.given_up:
            return offered[self._serial.choose(moves).name][1]
        if self._exchange:
            moves = self._without_likes(moves)
        assert self._chooser is not None
        move = self._chooser.choose(moves)
        if move is None:
            self.given_up = True
            return offered[self._serial.choose(moves).name][1]
        step = offered[move.name][1]
        self._make(move, step)
        return step

    def _make(self, move: Move, step: Step) -> None:
        made = Made(move, RecordedCall.of(step.call) if step.call is not None else None)
        self.made.append(made)
        if step.kind is StepKind.WAKE:
            self._waits[step.task] = self._waits.get(step.task, 0) + 1
        if step.call is None:
            return
        ordinal = self._ordinals.get(step.task, 0)
        self._ordinals[step.task] = ordinal + 1
        self._of_call[step.call.name] = made
        for fault in self._scene.plan:
            if fault.task == step.task and fault.ordinal == ordinal:
                self._planned[step.call.name] = fault.kind

    def _without_likes(self, moves: Sequence[Move]) -> list[Move]:
        """Only the first of the copies that are in the same state: what would come of another one
        is the same by other names.
        """
        kept: list[Move] = []
        known: set[tuple[object, ...]] = set()
        for move in moves:
            if _COPY.fullmatch(move.task) and not self._is_planned(move.task):
                state = (move.signature, self._told.get(move.task, ()))
                if state in known:
                    continue
                known.add(state)
            kept.append(move)
        return kept

    def _is_planned(self, task: str) -> bool:
        return any(
            fault.task == task or fault.task.startswith((task + ".", task + "'"))
            for fault in self._scene.plan
        )

    def _move_of(self, step: Step, *, waiting: bool) -> Move:
        call = step.call
        assert call is not None
        access = call.access
        reads, writes = access.reads, access.writes
        if not reads and not writes:
            # Nothing else can touch what is nobody's; yet it is a call that can go wrong.
            writes = frozenset({call.name})
        signature = " ".join(
            [call.service, access.verb, *(self._symbol(key) for key in sorted(reads | writes))]
        )
        return Move(
            step.name,
            step.task,
            call.invocation.instance,
            reads | CLOCK if waiting else reads,
            writes,
            signature,
        )

    def _move_of_wait(self, step: Step) -> Move:
        number = self._waits.get(step.task, 0)
        return Move(
            f"{step.name}{number}", f"{step.task}/wait", writes=CLOCK, signature="a wait ends"
        )

    def _short_wait(self, agenda: Agenda, since: float) -> Step | None:
        """The wait of the bot's own that is over first, if it may be over before what was asked for
        at `since`.
        """
        waits = [step for step in agenda.due_by(since + PATIENCE_S) if step.kind is StepKind.WAKE]
        return waits[0] if waits else None

    def _is_held(self, step: Step) -> bool:
        """Whether a copy has to wait until its instance has served another one."""
        shares = step.kind is StepKind.START and self._shares(step)
        return shares and self._open.host.is_busy(self._letter(step))

    def _symbol(self, key: str) -> str:
        """A resource by the order in which it appears: its name differs between executions."""
        service, _, name = key.partition(":")
        kind = name.partition("/")[0] if "/" in name else name.partition(":")[0]
        symbol = self._symbols.setdefault(key, str(len(self._symbols)))
        return f"{service}:{kind}<{symbol}>"

    def _shares(self, step: Step) -> bool:
        letter = self._letter(step)
        return bool(letter) and self._scene.partition.count(letter) > 1

    def _letter(self, step: Step) -> str:
        """The instance of a copy that is to start, and empty for everything else."""
        found = _COPY.fullmatch(step.name)
        return self._scene.partition[int(found[1])] if found is not None else ""

    def _watch(self, call: Call, outcome: Outcome) -> None:
        made = self._of_call.get(call.name)
        if made is not None:
            made.outcome = outcome
        told = (outcome.status, outcome.body) if isinstance(outcome, Reply) else (outcome.kind, b"")
        task = call.invocation.name
        self._told[task] = (*self._told.get(task, ()), told)

    def _fault(self, call: Call) -> Fault | None:
        kind = self._planned.get(call.name)
        if kind is None:
            return None
        self._of_call[call.name].fault = kind
        return self._faults[kind]

    @property
    def _faults(self) -> dict[str, Fault]:
        return {
            FAIL_BEFORE: FailBefore(),
            FAIL_AFTER: FailAfter(),
            WITHHELD: Withheld(),
            KILLED: Killed(self._open.host.kill),
        }

    @property
    def _open(self) -> World:
        assert self._world is not None
        return self._world


def _is_answer(step: Step) -> bool:
    """Whether the step is a call's effect; its answer on the way back is none."""
    return step.kind is StepKind.ANSWER and not step.name.endswith("/answer")


def frozen(made: Sequence[Made]) -> tuple[Made, ...]:
    """Copies, so that what comes later changes none of them."""
    return tuple(replace(one) for one in made)
