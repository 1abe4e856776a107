"""Traces: a failed run as a file, enough to run it again step by step."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.checks import CATALOGUE
from harness.checks.observed import Observed
from harness.errors import UsageError
from harness.platforms import USUAL, PlatformName
from harness.queue_kinds import QueueKind
from harness.verdict import Verdict

VERSION = 1
FOLDER = ".thrice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """`choices` are the causal names of the steps in the order performed; empty for a scenario with
    nothing to choose.

    `profile` is the file the profile was read from, relative to the folder thrice ran in, or empty;
    the profile's values are not kept, because they may hold secrets: `profile_digest` tells whether
    they are still the same. `platform` is where it failed, `platforms` are those of the profile,
    `queue` is its kind of queue where that is not the usual one.
    """

    check: str
    app: str
    profile: str
    profile_digest: str
    seed: int
    scenario: str
    run: str
    choices: tuple[str, ...]
    verdict: dict[str, Any]
    command: str = ""
    url: str = ""
    ports: tuple[int, ...] = ()
    platform: PlatformName = "messenger"
    platforms: tuple[PlatformName, ...] = ()
    queue: QueueKind | None = None

    def save(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        where = f"-{self.platform}" if self.platforms else ""
        path = folder / f"{self.check}{where}-{self.seed}.json"
        path.write_text(
            json.dumps({"v": VERSION, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"
        )
        return path


def trace_of(verdict: Verdict, observed: Observed, *, seed: int, profile_path: str) -> Trace:
    """The trace of the run that a failed verdict is about."""
    scenario, bot = CATALOGUE[verdict.check].scenario, observed.profile.bot
    kind = observed.profile.queue.kind
    run = observed.run_of(scenario.id, verdict.run)
    return Trace(
        check=verdict.check,
        app=observed.profile.bot.app,
        profile=profile_path,
        profile_digest=observed.profile.digest(),
        seed=seed,
        scenario=scenario.id,
        run=verdict.run,
        choices=run.record.choices if run is not None else (),
        verdict=asdict(verdict),
        command=observed.profile.bot.command,
        url=observed.profile.bot.url,
        ports=observed.profile.bot.ports if observed.profile.bot.url else (),
        platform=observed.platform,
        platforms=() if bot.platforms == USUAL else bot.platforms,
        queue=None if kind == "qstash" else kind,
    )


def load_trace(path: Path) -> Trace:
    """Read a trace. Raises UsageError when it is none, or of another version."""
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}; certify first, a failed check leaves its trace in {FOLDER}/"
        ) from error
    except ValueError as error:
        raise UsageError(f"{path} is not a trace: {error}") from error
    if not isinstance(content, dict) or content.get("v") != VERSION:
        found = content.get("v") if isinstance(content, dict) else None
        raise UsageError(
            f"{path} is a trace of version {found}, this thrice reads version {VERSION}; "
            "certify again"
        )
    del content["v"]
    try:
        lists = {name: tuple(content[name]) for name in ("choices", "platforms") if name in content}
        return Trace(**{**content, **lists})
    except (TypeError, KeyError) as error:
        raise UsageError(f"{path} is not a whole trace: {error}; certify again") from error
