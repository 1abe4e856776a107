"""The world's clock. It moves only when the world says so."""

from collections.abc import Callable
from typing import Protocol

from emulator.errors import ScenarioError

# Unix seconds at which every simulated world begins (2026-09-21 14:13:20 UTC); a constant, so that
# runs repeat.
VIRTUAL_EPOCH = 1_790_000_000.0

DAY_S = 86_400.0
WEEK_S = 7 * DAY_S


class Clock(Protocol):
    """What the fakes may know of time."""

    @property
    def now(self) -> float:
        """Seconds since the world began."""

    @property
    def unix(self) -> float:
        """Seconds since 1970, on the clock that the bot sees."""


class VirtualClock:
    """A clock that stands still until it is moved, and never goes back.

    `bot_clock` is for bots that have a clock of their own, which the world can not move: it tells
    the unix seconds which they see. Without it they see `epoch` plus the time of the world.
    """

    __slots__ = ("_bot_clock", "epoch", "now")

    def __init__(
        self, epoch: float = VIRTUAL_EPOCH, *, bot_clock: Callable[[], float] | None = None
    ) -> None:
        self.epoch = epoch
        self.now = 0.0
        self._bot_clock = bot_clock

    @property
    def unix(self) -> float:
        return self.epoch + self.now if self._bot_clock is None else self._bot_clock()

    def move_to(self, now: float) -> None:
        """Set the time, in seconds since the world began; raises ScenarioError if that lies in the
        past.
        """
        if now < self.now:
            raise ScenarioError(f"clock can't go back from {self.now} to {now}")
        self.now = now
