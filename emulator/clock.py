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
        """Seconds since 1970, as the world dates what happens."""

    @property
    def bot_unix(self) -> float:
        """Seconds since 1970 on the clock that the bot sees: for tokens, which it holds against
        that clock, and for times that it names.
        """


class VirtualClock:
    """A clock that stands still until it is moved, and never goes back.

    `bot_clock` is for bots that have a clock of their own, which the world can not move: it tells
    the unix seconds which they see. Without it they see `epoch` plus the time of the world. The
    world dates what happens by the same clock, unless it has `own_dates`: then by its own.
    """

    __slots__ = ("_bot_clock", "_own_dates", "_shown", "epoch", "now")

    def __init__(
        self,
        epoch: float = VIRTUAL_EPOCH,
        *,
        bot_clock: Callable[[], float] | None = None,
        own_dates: bool = False,
    ) -> None:
        self.epoch = epoch
        self.now = 0.0
        self._bot_clock = bot_clock
        self._own_dates = own_dates
        self._shown: Callable[[float], None] | None = None

    @property
    def unix(self) -> float:
        return self.epoch + self.now if self._own_dates else self.bot_unix

    @property
    def bot_unix(self) -> float:
        return self.epoch + self.now if self._bot_clock is None else self._bot_clock()

    @property
    def moves_bots(self) -> bool:
        """Whether bots see this clock, and none of their own."""
        return self._bot_clock is None

    def show(self, shown: Callable[[float], None]) -> None:
        """Have `shown` told the unix seconds: now, and after each move before anything happens."""
        self._shown = shown
        shown(self.unix)

    def move_to(self, now: float) -> None:
        """Set the time, in seconds since the world began; raises ScenarioError if that lies in the
        past.
        """
        if now < self.now:
            raise ScenarioError(f"clock can't go back from {self.now} to {now}")
        self.now = now
        if self._shown is not None:
            self._shown(self.unix)
