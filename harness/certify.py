"""Certification: run the scenarios that the selected checks need, judge them, keep a trace of what
failed.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

from emulator.chance import Chance
from emulator.errors import UnfitRunError
from emulator.kernel import Limits
from emulator.schedule import Fifo, Replay, Schedule
from harness.calibration import calibrate
from harness.certificate import Certificate
from harness.checks import CATALOGUE, Check
from harness.checks.observed import Observed, plural
from harness.collector import collected_rarely
from harness.errors import UsageError
from harness.explore.budget import STANDARD, Budget
from harness.growth import measure
from harness.identity import identify
from harness.metrics import measure_runs
from harness.platforms import USUAL, PlatformName
from harness.profile import Profile, platforms_of
from harness.scenarios.rapid import RAPID
from harness.scenarios.scenario import Run
from harness.stage import Stage, staged
from harness.verdict import Verdict, settle

Progress = Callable[[str], None]
T = TypeVar("T")

# How often a live run is repeated that the bot's own timers may have decided.
ATTEMPTS = 4


def select(
    only: Collection[str] = (), skip: Collection[str] = (), require: Collection[str] = ()
) -> list[Check]:
    """The checks to judge. Raises UsageError for an id that does not exist, and for a required
    check that is left out.
    """
    for name in (*only, *skip, *require):
        if name not in CATALOGUE:
            raise UsageError(f'no check is called "{name}"; the checks are {", ".join(CATALOGUE)}')
    checks = [
        check
        for check in CATALOGUE.values()
        if (not only or check.id in only) and check.id not in skip
    ]
    if not checks:
        raise UsageError("the selection leaves no check to judge")
    left_out = sorted(set(require) - {check.id for check in checks})
    if left_out:
        raise UsageError(f"the selection leaves out {left_out[0]}, which is required")
    return checks


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


def observe(
    stage: Stage, checks: Sequence[Check], *, progress: Progress = lambda text: None
) -> Observed:
    """Play every run of the scenarios that these checks need, each scenario once."""
    wanted = {
        check.scenario.id: check.scenario
        for check in checks
        if check.lacks(stage.profile, stage.driver, stage.clock_follows) is None
    }
    runs: dict[str, list[Run]] = {}
    for scenario in wanted.values():
        runs[scenario.id] = []
        for name in scenario.played_by(stage.driver):
            progress(f"{scenario.title}, {name}")
            runs[scenario.id].append(fit(partial(scenario.play, stage, name)))
    return Observed(stage.profile, runs, stage.driver, stage.clock_follows, stage.platform)


def judge(observed: Observed, checks: Sequence[Check]) -> tuple[Verdict, ...]:
    """One verdict for each check, in the checklist's order."""
    verdicts = []
    for check in checks:
        why = check.lacks(observed.profile, observed.driver, observed.clock_follows)
        if why is not None:
            verdict = Verdict(
                check=check.id, result="not applicable", expected="", observed="", why=why
            )
        else:
            verdict = check.judge(observed.profile, observed.runs[check.scenario.id])
            if not check.scenario.healthy:
                # A call that was given up because its service did not answer is not left behind.
                verdict = verdict.without_cause()
        if _tells_platforms(observed.profile) and not check.once:
            verdict = replace(verdict, platform=observed.platform)
        verdicts.append(verdict)
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
    require: Collection[str] = (),
    today: date | None = None,
    budget: Budget = STANDARD,
    jobs: int = 1,
    stop: Callable[[], bool] = lambda: False,
    platforms: Sequence[PlatformName] = (),
) -> Certificate:
    """Judge a bot. `root` is the folder the app is imported from; `save_trace` keeps a failed run
    and returns the file's name. The checks in `require` may not be left unjudged. `today` is the
    day on which the waivers of the profile have to hold; without it none counts. `budget` says how
    many orders and faults are tried, `jobs` by how many processes: the verdict is the same. `stop`
    is asked whether the search has to end where it is. Without `platforms` the bot is judged on all
    that its profile names, and searched less on all but the first.

    Raises UsageError, ProfileError, and the emulator's BotError when the bot can not be run at all.
    """
    checks, chosen = select(only, skip, require), platforms_of(profile, platforms)
    source = identify(root)
    parts: list[_Part] = []
    for platform in chosen:
        own = [check for check in checks if not (parts and check.once)]
        if own:
            told = _telling(progress, platform, profile)
            if profile.bot.command:
                told("starting the bot")
            with (
                collected_rarely(),
                staged(profile, root=root, seed=seed, platform=platform) as stage,
            ):
                stage.budget = budget.further if parts else budget
                stage.jobs, stage.progress, stage.stop = jobs, told, stop
                parts.append(_judged(stage, own))
    verdicts = tuple(
        replace(verdict, trace=save_trace(verdict, part.observed))
        if verdict.failed and save_trace is not None
        else verdict
        for part in parts
        for verdict in part.verdicts
    )
    if _tells_platforms(profile):
        verdicts = tuple(sorted(verdicts, key=lambda verdict: not verdict.platform))
    rapids = [run for part in parts for run in part.observed.runs.get(RAPID.id, ())]
    limits = Limits()
    return Certificate(
        app=profile.bot.name,
        seed=seed,
        version=product_version(),
        profile_digest=profile.digest(),
        host=profile.host.title,
        verdicts=settle(verdicts, waivers=profile.waivers, today=today, require=require),
        growth=measure(rapids) if rapids else None,
        metrics=measure_runs([run for part in parts for run in part.healthy]),
        source=source,
        waivers=profile.waivers,
        budget={
            "generations": limits.generation,
            "deliveries": limits.deliveries,
            "calls_per_invocation": limits.calls_per_invocation,
        },
        problems=tuple(problem for part in parts for problem in part.problems),
        driver=parts[0].observed.driver,
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        selected=bool(only or skip) or chosen != profile.bot.platforms,
        output=tuple(line for part in parts for line in part.output),
        platforms=chosen,
        tells_platforms=_tells_platforms(profile),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What came of one platform. `notes` tell what could not be seen, `output` is the bot's."""

    observed: Observed
    verdicts: tuple[Verdict, ...]
    healthy: Sequence[Run]
    problems: Sequence[str]
    notes: Sequence[str]
    output: Sequence[str]


def _judged(stage: Stage, checks: Sequence[Check]) -> _Part:
    """Play on this stage, and judge."""
    observed = observe(stage, checks, progress=stage.progress)
    notes = stage.notes
    on = f"on {stage.platform}: " if _tells_platforms(stage.profile) else ""
    if stage.driver != "simulated":
        stage.progress("the same message five times")
        notes = (*notes, *_left_out(checks, observed))
        notes = (*notes, on + fit(partial(calibrate, stage)).sentence)
    return _Part(
        observed,
        judge(observed, checks),
        _healthy(checks, observed),
        [on + problem for problem in _problems(observed)],
        notes,
        tuple(stage.printed()),
    )


def _tells_platforms(profile: Profile) -> bool:
    """Whether it has to be said where something was judged: on Messenger, if nothing is said."""
    return profile.bot.platforms != USUAL


def _telling(progress: Progress, platform: str, profile: Profile) -> Progress:
    if not _tells_platforms(profile):
        return progress
    return lambda text: progress(f"{platform}: {text}")


def replay(stage: Stage, check: Check, run: str, choices: Sequence[str]) -> Observed:
    """Play one run again along recorded choices. Raises DivergedError where the bot does something
    else.
    """

    followed: list[Replay] = []

    def follow(chance: Chance) -> Schedule:
        followed.append(Replay(choices, Fifo(chance)))
        return followed[-1]

    played = check.scenario.play(stage, run, schedule=follow)
    for recorded in followed:
        recorded.check_end()
    return Observed(
        stage.profile,
        {check.scenario.id: [played]},
        stage.driver,
        stage.clock_follows,
        stage.platform,
    )


def _healthy(checks: Sequence[Check], observed: Observed) -> list[Run]:
    """The runs whose services were well."""
    healthy = {check.scenario.id for check in checks if check.scenario.healthy}
    return [run for name, runs in observed.runs.items() if name in healthy for run in runs]


def _left_out(checks: Sequence[Check], observed: Observed) -> list[str]:
    """What of the judged scenarios was not played because of the driver."""
    scenarios = {check.scenario.id: check.scenario for check in checks}
    return [
        f"{scenario.id}: judged without a bot that waits for an answer in vain "
        f"({', '.join(scenario.waits)})"
        for scenario in scenarios.values()
        if scenario.waits and observed.runs.get(scenario.id)
    ]


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
