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
from harness.scenarios.handshake import run_handshakes
from harness.scenarios.rapid import SPACINGS, Rapid, run_rapid
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
    """Run what the checks need."""
    profile = stage.profile
    scenarios = {check.scenario for check in checks if check.needs(profile) is None}
    rapids: tuple[Rapid, ...] = ()
    if "rapid" in scenarios:
        found = []
        for spacing in SPACINGS:
            progress(f"ten rapid messages, three copies each, {spacing}")
            found.append(run_rapid(stage, spacing))
        rapids = tuple(found)
    handshakes = None
    if "handshake" in scenarios:
        progress("subscription handshake")
        handshakes = run_handshakes(stage)
    return Observed(profile, rapids, handshakes)


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
            verdicts.append(check.judge(observed))
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
        growth=measure(observed.rapids) if observed.rapids else None,
        problems=_problems(observed),
        selected=bool(only or skip),
        output=output,
    )


def replay(stage: Stage, spacing: str, choices: Sequence[str]) -> Rapid:
    """Run the rapid scenario again along recorded choices. Raises DivergedError where the bot does
    something else.
    """

    def follow(chance: Chance) -> Schedule:
        return Replay(choices, Fifo(chance))

    return run_rapid(stage, next(known for known in SPACINGS if known == spacing), schedule=follow)


def product_version() -> str:
    try:
        return version("thrice")
    except PackageNotFoundError:
        return "unknown"


def _problems(observed: Observed) -> tuple[str, ...]:
    found: Counter[str] = Counter()
    for run in observed.rapids:
        found += run.problems
    if observed.handshakes is not None:
        found += observed.handshakes.problems
    return tuple(f"{what} ({plural(count, 'time')})" for what, count in sorted(found.items()))
