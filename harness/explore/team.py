"""One search of a simulated bot by several processes, each with a stage of its own."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.explore.scene import Scene
from harness.explore.worlds import Race
from harness.platforms import PlatformName
from harness.profile import Profile
from harness.stage import Stage, simulated

# Keeps the stage of a helping process open until that process ends.
_open = ExitStack()


@dataclass(slots=True)
class RaceMaker:
    """Makes the race of a scene, once in each process. `here` is the stage of the process that
    made this; another one sets up its own.
    """

    profile: Profile
    root: Path
    seed: int
    scene: Scene
    exchange: bool
    here: Stage | None = field(default=None, compare=False)
    platform: PlatformName = "messenger"

    def __call__(self) -> Race:
        stage = self.here or _open.enter_context(
            simulated(self.profile, root=self.root, seed=self.seed, platform=self.platform)
        )
        return Race(stage, self.scene, exchange=self.exchange)

    def __getstate__(self) -> tuple[Any, ...]:
        return (
            self.profile,
            self.root,
            self.seed,
            self.scene,
            self.exchange,
            self.platform,
        )

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.profile, self.root, self.seed, self.scene, self.exchange, self.platform = state
        self.here = None
