"""What a scenario is: some named runs, each of which is played in a world of its own."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from emulator import World
from emulator.chance import Chance
from emulator.journal import Entry, EntryKind
from emulator.schedule import Fifo, Schedule
from harness.platforms import PlatformName
from harness.scenarios.outside import problems_of
from harness.stage import Stage

MakeSchedule = Callable[[Chance], Schedule]


class Run(Protocol):
    """What one run left behind; each scenario's own kind of run has more."""

    @property
    def name(self) -> str:
        """Which run of the scenario this is."""

    @property
    def record(self) -> "Record":
        """The part that all runs have."""


@dataclass(frozen=True, slots=True)
class Record:
    """The journal of a run, as far as it was kept, the steps that were chosen, in order, how long
    the run was in virtual seconds, and on which platform.
    """

    entries: tuple[Entry, ...]
    choices: tuple[str, ...]
    virtual_s: float = 0.0
    platform: PlatformName = "messenger"

    def of(self, kind: EntryKind, root: str | None = None) -> list[Entry]:
        """The entries of a kind, oldest first; of one user message if one is given."""
        return [
            entry
            for entry in self.entries
            if entry.kind == kind and (root is None or root in entry.roots)
        ]

    @property
    def problems(self) -> Counter[str]:
        """What the bot did that the world has no answer for."""
        return problems_of(entry for entry in self.entries if entry.kind == "finding")


def record_of(world: World) -> Record:
    """To be called at the end of a run, before its world is closed."""
    entries, choices = tuple(world.journal.entries()), tuple(world.kernel.choices)
    return Record(entries, choices, world.now, world.meta.platform)


class Play(Protocol):
    """Plays one named run."""

    def __call__(self, stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Run:
        """Make a world, let the users write, let it settle, and keep what was seen."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`runs` names the runs in the order they are played; `title` says what happens, for progress
    lines. Runs in `waits` have the bot wait for an answer that never comes: where it has a clock of
    its own, that takes as long as the bot's time limits. Without `healthy` services, figures of
    success and duration say nothing of the bot. `effort` is how many CPU seconds it takes for the
    reference bot on one core, roughly, so that several processes can share the work well.
    """

    id: str
    title: str
    runs: tuple[str, ...]
    play: Play
    waits: tuple[str, ...] = ()
    healthy: bool = True
    effort: float = 0.2

    def played_by(self, driver: str) -> tuple[str, ...]:
        """The runs that are played where `driver` runs the bot."""
        if driver == "simulated":
            return self.runs
        return tuple(run for run in self.runs if run not in self.waits)
