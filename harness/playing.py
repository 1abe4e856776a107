"""Plays the scenarios that checks need: of a live bot all on one stage, of a simulated one each on
a stage of its own, so that it makes no difference which process plays what beside what else.
"""

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from emulator.errors import BotDiedError, UnfitRunError
from harness.checks import CATALOGUE, Check
from harness.collector import THRESHOLDS
from harness.crew import EndedEarlyError, hired
from harness.deadline import Deadline
from harness.errors import UsageError
from harness.explore.budget import Budget
from harness.platforms import PlatformName
from harness.profile import Profile
from harness.scenarios.scenario import Run, Scenario
from harness.stage import Stage, simulated

Progress = Callable[[str], None]
T = TypeVar("T")

# How often a live run is repeated that the bot's own timers may have decided.
ATTEMPTS = 4
# Effort, in CPU seconds that the reference bot's scenarios take, for which another process is worth
# its start.
WORTH_S = 3.0
# Processes that are used if nothing is said; each takes about 100 MB.
MOST_JOBS = 8


@dataclass(frozen=True, slots=True)
class Task:
    """A scenario, by its id, on one platform."""

    platform: PlatformName
    scenario: str


@dataclass(frozen=True, slots=True)
class Played:
    """The runs of one scenario, and the last lines that the bot printed meanwhile."""

    runs: tuple[Run, ...]
    printed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is the same for all scenarios of one certification. On all platforms but `first` less is
    searched.
    """

    profile: Profile
    root: Path
    seed: int
    budget: Budget
    deadline: Deadline
    first: PlatformName

    def budget_on(self, platform: PlatformName) -> Budget:
        """How much is searched there."""
        return self.budget if platform == self.first else self.budget.further


def fit(run: Callable[[], T]) -> T:
    """The result of a run that may be judged by. Raises UsageError when no attempt brings one."""
    for attempt in range(ATTEMPTS):
        try:
            return run()
        except UnfitRunError as error:
            if attempt == ATTEMPTS - 1:
                raise UsageError(
                    f"this machine is too slow or too busy to judge the bot: {error}, and that "
                    f"{ATTEMPTS} times in a row; give it more room, or say in [bot] call_timeout_s "
                    "that the bot waits longer"
                ) from error
    raise AssertionError("unreachable")


def needed(
    profile: Profile, checks: Iterable[Check], *, driver: str, clock_follows: bool
) -> dict[str, Scenario]:
    """The scenarios of these checks, as far as they can be judged, by id."""
    return {
        check.scenario.id: check.scenario
        for check in checks
        if check.lacks(profile, driver, clock_follows) is None
    }


def play(stage: Stage, scenario: Scenario) -> tuple[Run, ...]:
    """Every run of it that this driver can play."""
    runs: list[Run] = []
    for name in scenario.played_by(stage.driver):
        stage.progress(f"{scenario.title}, {name}")
        runs.append(fit(partial(scenario.play, stage, name)))
    return tuple(runs)


def play_simulated(
    plan: Plan,
    tasks: Sequence[Task],
    *,
    jobs: int | None,
    progress: Callable[[PlatformName], Progress],
) -> dict[Task, Played]:
    """Play them all; `jobs` processes share the work, as many as are worth it if None.

    Where every order is searched, the processes share each search instead of the scenarios. Raises
    BotDiedError when the bot ended the process that simulated it.
    """
    used = 1 if plan.budget.complete else min(jobs or default_jobs(), len(tasks))
    if jobs is None:
        used = min(used, max(1, int(sum(map(_effort, tasks)) / WORTH_S)))
    if used > 1:
        return _share(plan, tasks, used, progress)
    searching = jobs or (default_jobs() if plan.budget.complete else 1)
    return {
        task: play_alone(plan, task, jobs=searching, progress=progress(task.platform))
        for task in tasks
    }


def play_alone(
    plan: Plan, task: Task, *, jobs: int = 1, progress: Progress = lambda text: None
) -> Played:
    """Play one scenario in this process."""
    with simulated(plan.profile, root=plan.root, seed=plan.seed, platform=task.platform) as stage:
        stage.budget = plan.budget_on(task.platform)
        stage.jobs, stage.progress, stage.stop = jobs, progress, plan.deadline
        runs = play(stage, _scenarios()[task.scenario])
        return Played(runs, tuple(stage.printed()))


def default_jobs() -> int:
    """One for each processor that this process may use, within reason."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), MOST_JOBS)
    return min(os.cpu_count() or 1, MOST_JOBS)


def _share(
    plan: Plan, tasks: Sequence[Task], jobs: int, progress: Callable[[PlatformName], Progress]
) -> dict[Task, Played]:
    # The long ones first: what is left when a process has nothing to do any more is short.
    waiting = deque(sorted(tasks, key=_effort, reverse=True))
    played: dict[Task, Played] = {}
    make: Callable[[], Callable[[Task], Played]] = partial(_player, plan)
    try:
        with hired(make, jobs, what="the certification") as crew:
            while waiting or crew.tasks:
                while waiting and crew.has_room:
                    task = waiting.popleft()
                    crew.give(task)
                    title = _scenarios()[task.scenario].title
                    progress(task.platform)(f"{title} ({len(played)} of {len(tasks)} done)")
                played.update(crew.take())
    except EndedEarlyError as error:
        raise BotDiedError(
            f"the process in which the bot was simulated ended with code {error.code}: the bot "
            "ended it, or the system did, for want of memory (--jobs 1 needs less)"
        ) from error
    return {task: played[task] for task in tasks}


def _player(plan: Plan) -> Callable[[Task], Played]:
    """Once in each process of the crew."""
    gc.set_threshold(*THRESHOLDS)
    return partial(play_alone, plan)


def _effort(task: Task) -> float:
    return _scenarios()[task.scenario].effort


def _scenarios() -> dict[str, Scenario]:
    return {check.scenario.id: check.scenario for check in CATALOGUE.values()}
