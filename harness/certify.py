"""Certification: run the scenarios that the selected checks need, judge them, keep a trace of what
failed.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from emulator.chance import Chance
from emulator.kernel import Limits
from emulator.schedule import Fifo, Replay, Schedule
from emulator.serverless.bot_output import KEEP_LINES
from harness.calibration import calibrate
from harness.certificate import Certificate
from harness.checks import CATALOGUE, Check
from harness.checks.observed import Observed, plural
from harness.collector import collected_rarely
from harness.deadline import Deadline
from harness.errors import UsageError
from harness.explore.budget import STANDARD, Budget
from harness.growth import measure
from harness.identity import identify
from harness.metrics import measure_runs
from harness.platforms import USUAL, PlatformName
from harness.playing import Plan, Progress, Task, fit, needed, play, play_simulated
from harness.profile import Profile, platforms_of
from harness.scenarios.rapid import RAPID
from harness.scenarios.scenario import Run
from harness.stage import Stage, staged
from harness.verdict import Verdict, settle


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


def observe(stage: Stage, checks: Sequence[Check]) -> Observed:
    """Play every run of the scenarios that these checks need, each scenario once."""
    wanted = needed(stage.profile, checks, driver=stage.driver, clock_follows=stage.clock_follows)
    runs = {id: play(stage, scenario) for id, scenario in wanted.items()}
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
    jobs: int | None = 1,
    time_limit_s: float | None = None,
    platforms: Sequence[PlatformName] = (),
) -> Certificate:
    """Judge a bot. `root` is the folder the app is imported from; `save_trace` keeps a failed run
    and returns the file's name. The checks in `require` may not be left unjudged. `today` is the
    day on which the waivers of the profile have to hold; without it none counts. `budget` says how
    many orders and faults are tried, `jobs` how many processes share the work for a simulated bot,
    None as many as are worth it: the certificate is the same. After `time_limit_s` real seconds the
    search ends where it is. Without `platforms` the bot is judged on all that its profile names,
    and searched less on all but the first.

    Raises UsageError, ProfileError, and the emulator's BotError when the bot can not be run at all.
    """
    checks, chosen = select(only, skip, require), platforms_of(profile, platforms)
    source, deadline = identify(root), Deadline.after(time_limit_s)
    telling = partial(_telling, progress, profile)
    own = {
        platform: [check for check in checks if platform == chosen[0] or not check.once]
        for platform in chosen
    }
    own = {platform: judged for platform, judged in own.items() if judged}
    plan = Plan(profile, root, seed, budget, deadline, chosen[0])
    with collected_rarely():
        if profile.bot.app:
            parts = _simulated(plan, own, jobs=jobs, telling=telling)
        else:
            parts = _live(plan, own, telling=telling)
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


def _simulated(
    plan: Plan,
    checks: Mapping[PlatformName, Sequence[Check]],
    *,
    jobs: int | None,
    telling: Callable[[PlatformName], Progress],
) -> list[_Part]:
    """Play everything, then judge it platform by platform."""
    wanted = {
        platform: list(needed(plan.profile, own, driver="simulated", clock_follows=True))
        for platform, own in checks.items()
    }
    tasks = [Task(platform, id) for platform, ids in wanted.items() for id in ids]
    played = play_simulated(plan, tasks, jobs=jobs, progress=telling)
    parts = []
    for platform, own in checks.items():
        here = {id: played[Task(platform, id)] for id in wanted[platform]}
        runs = {id: one.runs for id, one in here.items()}
        observed = Observed(plan.profile, runs, platform=platform)
        printed = [line for one in here.values() for line in one.printed]
        parts.append(_part(observed, own, printed=printed[-KEEP_LINES:]))
    return parts


def _live(
    plan: Plan,
    checks: Mapping[PlatformName, Sequence[Check]],
    *,
    telling: Callable[[PlatformName], Progress],
) -> list[_Part]:
    """Start the bot, or attach to it, for each platform, and judge it there."""
    parts = []
    for platform, own in checks.items():
        told = telling(platform)
        if plan.profile.bot.command:
            told("starting the bot")
        with staged(plan.profile, root=plan.root, seed=plan.seed, platform=platform) as stage:
            stage.budget = plan.budget_on(platform)
            stage.progress, stage.stop = told, plan.deadline
            parts.append(_judged(stage, own))
    return parts


def _judged(stage: Stage, checks: Sequence[Check]) -> _Part:
    """Play on this stage of a live bot, and judge."""
    observed = observe(stage, checks)
    notes = (*stage.notes, *_left_out(checks, observed))
    stage.progress("the same message five times")
    on = _on(observed.platform, stage.profile)
    notes = (*notes, on + fit(partial(calibrate, stage)).sentence)
    return _part(observed, checks, notes=notes, printed=tuple(stage.printed()))


def _part(
    observed: Observed,
    checks: Sequence[Check],
    *,
    notes: Sequence[str] = (),
    printed: Sequence[str],
) -> _Part:
    return _Part(
        observed,
        judge(observed, checks),
        _healthy(checks, observed),
        [_on(observed.platform, observed.profile) + problem for problem in _problems(observed)],
        notes,
        printed,
    )


def _on(platform: PlatformName, profile: Profile) -> str:
    return f"on {platform}: " if _tells_platforms(profile) else ""


def _tells_platforms(profile: Profile) -> bool:
    """Whether it has to be said where something was judged: on Messenger, if nothing is said."""
    return profile.bot.platforms != USUAL


def _telling(progress: Progress, profile: Profile, platform: PlatformName) -> Progress:
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
