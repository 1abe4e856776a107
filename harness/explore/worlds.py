"""A bot's world as a system to explore, and what an execution broke."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from emulator import World
from emulator.chance import Chance
from emulator.delivery import Delivery
from emulator.exchange import Reply
from emulator.schedule import Schedule
from harness.explore.choices import Choices, Made, frozen
from harness.explore.execution import Chooser, Execution
from harness.explore.faults import KILLED, Fault
from harness.explore.scene import Scene
from harness.explore.severity import judge
from harness.profile import Profile
from harness.scenarios.conversation import SETTLE_S, copy_number
from harness.scenarios.scenario import Record, record_of
from harness.stage import Stage
from harness.stores import is_store

TEXT = "hello"

# Which call it was does not make another note.
_WHERE = re.compile(r"on call \d+ of \S+?(?=[:, ]|$)")

# The oracles by what an execution is said to have broken.
DOUBLE_PUBLISH, LOST, DOUBLE_REPLY = "published twice", "lost", "answered twice"
RUNAWAY = "runaway"


@dataclass(frozen=True, slots=True)
class Seen:
    """What an execution left behind: every move made, the counts for the message, and findings that
    no bot can avoid. The contract was broken within the first `decided` moves.
    """

    made: tuple[Made, ...]
    publishes: int
    replies: int
    late: int
    reason: str
    notes: tuple[str, ...]
    record: Record
    decided: int


class Race:
    """One scene of a stage, executed as often as it is asked for.

    `exchange` leaves out what differs from another execution only in which of the copies did what.
    """

    def __init__(self, stage: Stage, scene: Scene, *, exchange: bool = True) -> None:
        self._stage = stage
        self._scene = scene
        # Copies that share an instance are told apart by who came first.
        self.exchange = exchange and len(set(scene.partition)) == scene.copies

    def execute(self, chooser: Chooser) -> Execution:
        """One execution. Raises UnfitRunError when it has to be repeated."""
        return self._run(Choices(self._scene, chooser=chooser, exchange=self.exchange))

    def follow(self, make: Callable[[Chance], Schedule]) -> Execution:
        """The execution in which a schedule picks every step, for replays."""
        return self._run(Choices(self._scene, inner=make(Chance(self._stage.seed))))

    def _run(self, choices: Choices) -> Execution:
        with _opened(self._stage, self._scene, choices) as world:
            world.run_until(SETTLE_S)
            seen, violations = _judged(self._stage.profile, self._scene, world, choices)
        moves = tuple(made.move for made in choices.made)
        return Execution(moves, not choices.given_up, violations, seen)


@contextmanager
def _opened(stage: Stage, scene: Scene, choices: Choices) -> Iterator[World]:
    with stage.again(
        copies=scene.copies,
        schedule=lambda chance: choices,
        placement=_placement(scene),
        late=scene.late,
    ) as world:
        choices.enter(world)
        world.meta.message(TEXT, at=0.0)
        yield world


def _placement(scene: Scene) -> Callable[[Delivery], str]:
    def place(delivery: Delivery) -> str:
        # What is no copy of the webhook is served by an instance of its own: webhook and consumer
        # may well be two functions, and a redelivery comes when the first instance may be gone.
        number = copy_number(delivery) if delivery.kind == "user" else None
        return scene.partition[number] if number is not None else delivery.name

    return place


def _judged(
    profile: Profile, scene: Scene, world: World, choices: Choices
) -> tuple[Seen, tuple[str, ...]]:
    (root,) = world.kernel.mids
    tally = world.journal.tally(root)
    record = record_of(world)
    # As if one reply and one publish were the contract, whatever it is.
    replies = 1 + tally.replies - profile.expect.replies
    publishes = 1 + tally.publishes - profile.expect.publishes
    violations: list[str] = []
    reason = ""
    notes: tuple[str, ...] = ()
    if not choices.given_up:
        window = _window(scene, choices.made)
        finding = judge(scene.plan, replies=replies, publishes=publishes, window=window)
        if finding is not None and finding.severity == "hard":
            reason = finding.reason
            if publishes > 1:
                violations.append(DOUBLE_PUBLISH)
            if replies > 1:
                violations.append(DOUBLE_REPLY)
            elif replies < 1:
                violations.append(LOST)
        elif finding is not None:
            notes = (_WHERE.sub("on a call", finding.reason),)
        violations += sorted(
            {
                entry.name
                for entry in record.of("finding")
                if entry.name in ("loop", RUNAWAY, "too-many-calls")
            }
        )
    seen = Seen(
        frozen(choices.made),
        tally.publishes,
        tally.replies,
        tally.late,
        reason,
        notes,
        record,
        _decided(profile, record, choices.made, violations),
    )
    return seen, tuple(violations)


def _decided(profile: Profile, record: Record, made: list[Made], violations: list[str]) -> int:
    """After how many moves it was one publish or reply too many; all, when that was not it."""
    too_many: int | None = None
    if DOUBLE_PUBLISH in violations:
        too_many = record.of("publish")[profile.expect.publishes].cause
    elif DOUBLE_REPLY in violations:
        too_many = record.of("reply")[profile.expect.replies].cause
    for number, one in enumerate(made, 1):
        if one.call is not None and one.call.entry == too_many:
            return number
    return len(made)


def _window(scene: Scene, made: list[Made]) -> frozenset[Fault]:
    """The faults of the plan after which no bot can know whether the user has the reply: those on
    the sending call itself, and the death of an instance that had sent and not yet noted it.
    """
    found: set[Fault] = set()
    ordinals: dict[str, int] = {}
    sent: set[str] = set()
    for one in made:
        if one.call is None:
            continue
        task = one.move.task
        ordinal = ordinals.get(task, 0)
        ordinals[task] = ordinal + 1
        sends = one.call.access.verb == "send"
        if sends and (one.fault or (isinstance(one.outcome, Reply) and one.outcome.ok)):
            sent.add(task)
        elif is_store(one.call.service) and one.call.access.writes:
            # Durable, also when the answer was lost.
            sent.discard(task)
        fault = Fault(task, ordinal, one.fault)
        if one.fault and fault.ambiguous and (sends or (one.fault == KILLED and task in sent)):
            found.add(fault)
    return frozenset(found) & scene.plan
