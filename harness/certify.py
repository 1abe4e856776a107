"""Certification: run the scenarios that the selected checks need, judge them, keep a trace of what
failed.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from emulator.chance import Chance
from emulator.schedule import Fifo, Replay, Schedule
from harness.certificate import Certificate
from harness.checks import CATALOGUE, Check
from harness.checks.observed import Observed, plural
from harness.errors import UsageError
from harness.growth import measure
from harness.profile import Profile
from harness.scenarios.rapid import RAPID
from harness.scenarios.scenario import Run
from harness.stage import Stage, simulated
from harness.verdict import Verdict

Progress = Callable[[str], None]


def select(only: Collection[str] = (), skip: Collection[str] = ()) -> list[Check]:
    """The checks to judge. Raises UsageError for an id that does not exist."""
    for name in (*only, *skip):
        if name not in CATALOGUE:
            raise UsageError(f'no check is called "{name}"; the checks are {", ".join(CATALOGUE)}')
    checks = [
        check
        for check in CATALOGUE.values()
        if (not only or check.id in only) and check.id not in skip
    ]
    if not checks:
        raise UsageError("the selection leaves no check to judge")
    return checks


def observe(
    stage: Stage, checks: Sequence[Check], *, progress: Progress = lambda text: None
) -> Observed:
    """Play every run of the scenarios that these checks need, each scenario once."""
    wanted = {
        check.scenario.id: check.scenario for check in checks if check.needs(stage.profile) is None
    }
    runs: dict[str, list[Run]] = {}
    for scenario in wanted.values():
        runs[scenario.id] = []
        for name in scenario.runs:
            progress(f"{scenario.title}, {name}")
            runs[scenario.id].append(scenario.play(stage, name))
    return Observed(stage.profile, runs)


def judge(observed: Observed, checks: Sequence[Check]) -> tuple[Verdict, ...]:
    """One verdict for each check, in the checklist's order."""
    verdicts = []
    for check in checks:
        why = check.needs(observed.profile)
        if why is not None:
            verdicts.append(
                Verdict(check=check.id, result="not applicable", expected="", observed="", why=why)
            )
        else:
            verdicts.append(check.judge(observed.profile, observed.runs[check.scenario.id]))
    return tuple(verdicts)


def certify(
    profile: Profile,
    *,
    root: Path,
    seed: int = 1,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    progress: Progress = lambda text: None,
    save_trace: Callable[[Verdict, Observed], str] | None = None,
) -> Certificate:
    """Judge a bot. `root` is the folder the app is imported from; `save_trace` keeps a failed run
    and returns the file's name.

    Raises UsageError, ProfileError, and the emulator's BotError when the bot can not be run at all.
    """
    checks = select(only, skip)
    with simulated(profile, root=root, seed=seed) as stage:
        observed = observe(stage, checks, progress=progress)
        output = tuple(stage.simulation.output.lines)
    verdicts = judge(observed, checks)
    if save_trace is not None:
        verdicts = tuple(
            replace(verdict, trace=save_trace(verdict, observed)) if verdict.failed else verdict
            for verdict in verdicts
        )
    return Certificate(
        app=profile.bot.app,
        seed=seed,
        version=product_version(),
        profile_digest=profile.digest(),
        host=profile.host.kind,
        verdicts=verdicts,
        growth=measure(rapids) if (rapids := observed.runs.get(RAPID.id)) else None,
        problems=_problems(observed),
        selected=bool(only or skip),
        output=output,
    )


def replay(stage: Stage, check: Check, run: str, choices: Sequence[str]) -> Observed:
    """Play one run again along recorded choices. Raises DivergedError where the bot does something
    else.
    """

    def follow(chance: Chance) -> Schedule:
        return Replay(choices, Fifo(chance))

    played = check.scenario.play(stage, run, schedule=follow)
    return Observed(stage.profile, {check.scenario.id: [played]})


def product_version() -> str:
    try:
        return version("thrice")
    except PackageNotFoundError:
        return "unknown"


def _problems(observed: Observed) -> tuple[str, ...]:
    found: Counter[str] = Counter()
    for runs in observed.runs.values():
        for run in runs:
            found += run.record.problems
    return tuple(f"{what} ({plural(count, 'time')})" for what, count in sorted(found.items()))
