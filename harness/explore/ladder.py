"""The ladder: what is explored in which order, from the schedules that find most to those that
prove most. It stops at the first failure, which is then made small and repeated.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from emulator.chance import Chance
from emulator.errors import UnfitRunError
from harness.explore.alarmed import Alarmed
from harness.explore.bounded import Preemptions
from harness.explore.budget import Budget
from harness.explore.choices import Made
from harness.explore.claim import bounded_claim, complete_claim, repetition_claim
from harness.explore.complete import SleepSets
from harness.explore.execution import Chooser, Execution
from harness.explore.faults import NO_FAULTS, Calls, Campaign, calls_of, note_calls
from harness.explore.jobs import run_search
from harness.explore.lockstep import Lockstep
from harness.explore.replay import CONFIRMATIONS, confirm
from harness.explore.sampling import ChainPriorities, Priorities, Uniform, sample
from harness.explore.scene import Scene, apart, partitions
from harness.explore.search import MOST_UNFIT, Found, NondeterministicError, Policy, Search
from harness.explore.serial import Serial
from harness.explore.shrink import Case, Preferring, shrink, switches, tasks_of
from harness.explore.team import RaceMaker
from harness.explore.worlds import Race, Seen
from harness.stage import Stage

# Serial runs that have to make the same calls before anything is claimed of all orders.
CALIBRATIONS = 5
# Random schedules are drawn for bugs in which the order of so many moves matters.
DEPTH = 3
UNCALM_SAMPLES = 30
FAULTY_COPIES = (1, 2)

Progress = Callable[[str], None]
# What a schedule is called, and what makes its chooser.
Few = tuple[str, Callable[[], Chooser]]


@dataclass(frozen=True, slots=True)
class Failure:
    """A schedule that breaks the contract, as small as it was made.

    `found` says where it was found, `attempts` how many executions it took to make it small and
    `switches` how often another task moves next. `diverged` is empty when it came back the same
    each time.
    """

    scene: Scene
    execution: Execution
    found: str
    attempts: int
    diverged: str

    @property
    def switches(self) -> int:
        """How often another delivery's handler moves next, until the contract is broken."""
        return switches([one.move.task for one in self.shown])

    @property
    def shown(self) -> tuple[Made, ...]:
        """The moves up to the one that broke the contract; all, if something was lost."""
        return self.seen.made[: self.seen.decided]

    @property
    def seen(self) -> Seen:
        seen = self.execution.evidence
        assert isinstance(seen, Seen)
        return seen


@dataclass(slots=True)
class Climbed:
    """`claims` holds a sentence for each rung; `notes` what no bot could have done better."""

    claims: list[str] = field(default_factory=list)
    executions: int = 0
    classes: int = 0
    plans: int = 0
    notes: list[str] = field(default_factory=list)
    failure: Failure | None = None
    last: Execution | None = None


class Ladder:
    """Climbs for one stage. Every `climb...` begins anew."""

    def __init__(self, stage: Stage, budget: Budget, progress: Progress) -> None:
        self._stage = stage
        self._budget = budget if stage.driver == "simulated" else budget.live
        self._progress = progress
        self._climbed = Climbed()
        self._late = False
        self._finished = True
        self._all_run = False

    def climb_races(self, copies: int) -> Climbed:
        """Every order of so many copies of one webhook, as far as the budget goes."""
        climbed = self._climbed = Climbed()
        self._late, self._finished, self._all_run = False, True, False
        calm = self._calibrate(Scene(apart(copies)))
        for partition in partitions(copies):
            if self._try(Scene(partition), "one after the other", Serial):
                return climbed
        for partition in partitions(copies):
            if self._try(Scene(partition), "in lockstep", Lockstep):
                return climbed
        if self._late and self._goes_on_late(copies):
            return climbed
        climbed.claims.append(
            f"serial and lockstep on {len(partitions(copies))} partitions of {copies} copies"
        )
        if calm and not self._search_orders(copies):
            return climbed
        # Where every order was run, random ones show nothing; for a bot that does not do the same
        # twice they are all that can be done.
        samples = self._budget.samples if calm else max(10 * self._budget.samples, UNCALM_SAMPLES)
        if samples and not self._all_run:
            self._sample(Scene(apart(copies)), samples, calm=calm)
        return climbed

    def climb_faults(self, kinds: Collection[str]) -> Climbed:
        """Every plan with as many faults as the budget says, one at least: for a webhook that comes
        once, where nobody makes up for what went wrong, and for one with a copy.
        """
        self._climbed = Climbed()
        for copies in FAULTY_COPIES:
            if not self._climb_plans(
                Campaign(most_faults=self._budget.faults, kinds=kinds), copies
            ):
                break
        return self._climbed

    def _climb_plans(self, campaign: Campaign, copies: int) -> bool:
        """Every plan of a campaign; False when one of them failed."""
        few = _FEW if copies > 1 else _FEW[:1]
        for plan in campaign:
            if self._stage.stop():
                self._climbed.claims.append(
                    f"stopped by the time limit after {self._climbed.plans} plans"
                )
                return False
            scene = Scene(apart(copies), plan)
            self._progress(scene.name)
            if not plan and not self._budget.complete:
                # A race without any fault is another check's to find.
                few = [one for one in few if not self._breaks(scene, one[1])] or few[:1]
            calls = self._under(scene, few)
            if self._climbed.failure is not None:
                return False
            self._climbed.plans += bool(plan)
            campaign.learn(plan, calls)
        return True

    # -- rungs

    def _search_orders(self, copies: int) -> bool:
        """The systematic rungs; False when one of them failed."""
        if copies == 2 or self._budget.complete:
            for partition in partitions(copies):
                if not self._search(Scene(partition), SleepSets(), "in every order"):
                    return False
            self._all_run = self._finished
        if copies > 2:
            for most in range(self._budget.preemptions + 1):
                what = f"with at most {most} preemptions"
                if not self._search(Scene(apart(copies)), Preemptions(most), what):
                    return False
        return True

    def _goes_on_late(self, copies: int) -> bool:
        """The same where calls that a response left behind go on with the instance's next request,
        instead of never; whether that failed.
        """
        for partition in partitions(copies):
            scene = Scene(partition, late="answered")
            if self._try(scene, "late calls going on", Serial):
                return True
        self._climbed.claims.append("late calls were explored both ways: lost, and going on later")
        return False

    def _search(self, scene: Scene, policy: Policy, what: str) -> bool:
        self._progress(f"{scene.name}, {what}")
        race, climbed = Race(self._stage, scene), self._climbed
        search = Search(policy=policy, until_bad=True)
        try:
            found = self._run(search, race, scene)
        except NondeterministicError as error:
            self._finished = False
            climbed.claims.append(f"{scene.name}: {error}")
            return True
        self._finished = self._finished and found.finished
        climbed.executions += found.executions
        climbed.classes += found.complete if isinstance(policy, SleepSets) else 0
        if found.failure is not None:
            self._fail(scene, found.failure, what)
            return False
        if isinstance(policy, Preemptions):
            claim = bounded_claim(found, policy.most)
        else:
            claim = complete_claim(found)
        climbed.claims.append(f"{scene.name}: {claim}")
        return True

    def _sample(self, scene: Scene, schedules: int, *, calm: bool) -> None:
        self._progress(f"{scene.name}, at random")
        climbed = self._climbed
        steps = max(len(climbed.last.moves), 1) if climbed.last is not None else 1
        race = Race(self._stage, scene, exchange=False)
        samples = sample(
            race if calm else Alarmed(race),
            (Uniform(), Priorities(DEPTH, steps), ChainPriorities(DEPTH, steps)),
            Chance(self._stage.seed),
            range(schedules),
            until_bad=True,
            stop=self._stage.stop,
        )
        made = sum(one.schedules for one in samples)
        climbed.executions += made
        for one in samples:
            if one.failure is not None:
                self._fail(scene, one.failure, "at random")
                return
        climbed.claims.append(
            f"{made} random schedules of {scene.copies} copies" if calm else repetition_claim(made)
        )

    def _under(self, scene: Scene, few: Sequence[Few]) -> list[Calls]:
        """All executions of a scene with faults, by their calls."""
        if self._budget.complete:
            race = Race(self._stage, scene)
            search = Search(policy=SleepSets(), until_bad=True, facts=note_calls)
            try:
                found = self._run(search, race, scene)
            except NondeterministicError as error:
                self._climbed.claims.append(f"{scene.name}: {error}")
                return []
            self._climbed.executions += found.executions
            self._climbed.classes += found.complete
            if found.failure is not None:
                self._fail(scene, found.failure, "in every order")
            return [calls for calls in found.facts if isinstance(calls, tuple)]
        made: list[Calls] = []
        for what, make in few:
            if self._try(scene, what, make):
                break
            if self._climbed.last is not None:
                made.append(calls_of(self._climbed.last))
        return made

    def _run(self, search: Search, race: Race, scene: Scene) -> Found:
        """A search by as many processes as the stage may use."""
        stage, most = self._stage, self._budget.most
        if stage.jobs == 1 or stage.driver != "simulated":
            return search.run(race, limit=most, stop=stage.stop)[0]
        maker = RaceMaker(
            stage.profile,
            stage.root,
            stage.seed,
            scene,
            race.exchange,
            here=stage,
            platform=stage.platform,
        )
        return run_search(maker, search, jobs=stage.jobs, limit=most, stop=stage.stop)

    # -- single executions

    def _try(self, scene: Scene, what: str, make: Callable[[], Chooser]) -> bool:
        """One schedule; whether it failed."""
        self._progress(f"{scene.name}, {what}")
        execution = self._execute(Race(self._stage, scene, exchange=False), make)
        self._climbed.last = execution
        if execution.violations:
            self._fail(scene, execution, what)
            return True
        return False

    def _breaks(self, scene: Scene, make: Callable[[], Chooser]) -> bool:
        """Whether one schedule breaks the contract; nothing comes of it."""
        race = Race(self._stage, scene, exchange=False)
        return bool(self._execute(race, make).violations)

    def _execute(self, race: Race, make: Callable[[], Chooser]) -> Execution:
        for attempt in range(MOST_UNFIT + 1):
            try:
                execution = race.execute(make())
                break
            except UnfitRunError:
                if attempt == MOST_UNFIT:
                    raise
        self._climbed.executions += 1
        seen = execution.evidence
        if isinstance(seen, Seen):
            self._late = self._late or seen.late > 0
            known = self._climbed.notes
            known.extend(note for note in seen.notes if note not in known)
        return execution

    def _calibrate(self, scene: Scene) -> bool:
        """Whether serial runs make the same calls each time."""
        race = Race(self._stage, scene, exchange=False)
        runs = [_signatures(self._execute(race, Serial)) for _ in range(CALIBRATIONS)]
        different = next((number for number, run in enumerate(runs, 1) if run != runs[0]), 0)
        if different:
            self._climbed.claims.append(
                f"not deterministic: serial run {different} of {CALIBRATIONS} made other calls "
                "than the first, so orders are drawn at random only"
            )
        return not different

    # -- failures

    def _fail(self, scene: Scene, execution: Execution, found: str) -> None:
        self._progress(f"{scene.name}, making the failure small")
        race = Race(self._stage, scene, exchange=False)
        oracle = execution.violations[0]
        # A failure without its only fault would be another one.
        fixed = scene.plan if len(scene.plan) == 1 else NO_FAULTS
        case = Case(choices=tasks_of(execution), faults=scene.plan - fixed)

        def attempt(smaller: Case) -> Execution:
            other = Scene(scene.partition, smaller.faults | fixed, scene.late)
            return self._execute(
                Race(self._stage, other, exchange=False), lambda: Preferring(smaller.choices)
            )

        small = shrink(
            case,
            execution,
            attempt,
            oracle=oracle,
            decided=_decided,
            most_attempts=MOST_SHRINKING,
        )
        scene = Scene(scene.partition, small.case.faults | fixed, scene.late)
        race = Race(self._stage, scene, exchange=False)
        shown, diverged = small.execution, ""
        try:
            confirmation = confirm(race, small.execution, CONFIRMATIONS)
        except UnfitRunError as error:
            diverged = str(error)
        else:
            diverged = confirmation.diverged
            self._climbed.executions += len(confirmation.replays)
            again = [one.execution for one in confirmation.replays]
            shown = next((one for one in again if one.complete and one.violations), shown)
        if not isinstance(shown.evidence, Seen):
            shown = self._execute(race, lambda: Preferring(small.case.choices))
        self._climbed.failure = Failure(scene, shown, found, small.attempts, diverged)


# Re-executions that making a failure small may take.
MOST_SHRINKING = 200


# The schedules of a fault plan where not all are tried.
_FEW: Sequence[Few] = (
    ("one after the other", Serial),
    ("in lockstep", Lockstep),
)


def _decided(execution: Execution) -> int:
    seen = execution.evidence
    return seen.decided if isinstance(seen, Seen) else len(execution.moves)


def _signatures(execution: Execution) -> tuple[tuple[str, str], ...]:
    return tuple((move.name, move.signature) for move in execution.moves)
