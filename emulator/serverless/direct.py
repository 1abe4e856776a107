"""The direct binding: an instance whose jobs run on the kernel's own thread, for a bot that is
given its HTTP client and never blocks.

It has no thread to hand a baton to, so whatever would stand still is refused, with the way out.
"""

import sys
import sysconfig
import threading
from collections.abc import Callable
from contextvars import Context
from pathlib import Path
from types import FrameType

from emulator.errors import BotHungError, DirectBindingError
from emulator.serverless.baton import AbandonedError, Crew, Seat, Waiter, sit_down
from emulator.serverless.watchdog import Watchdog

_HERE = str(Path(__file__).parent)
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


class DirectSeat(Seat):
    """What patches find on the kernel's thread while it runs a bot: there is nobody who could let
    it go on if it stood still.
    """

    __slots__ = ("refused",)

    def __init__(self, crew: Crew) -> None:
        self.crew = crew
        self.thread = threading.current_thread()
        self.state = "running"
        self.waiter = None
        self.index = 0
        self.refused: DirectBindingError | None = None

    def stands_still(self, doing: str) -> None:
        error = DirectBindingError(f"the bot {doing}{_place()}")
        # Bots catch errors; this one ends the run all the same.
        self.refused = self.refused or error
        raise error

    def wait(self, waiter: Waiter, state: object = "waiting") -> None:
        self.stands_still("waits for something else to happen")


class DirectThread:
    """Runs an instance's jobs where it is called; stands in for `MainThread`."""

    # Between two jobs it always is: a job never stands still.
    free = True

    def __init__(self, crew: Crew, watchdog: Watchdog) -> None:
        self.crew = crew
        self.seat = DirectSeat(crew)
        self._watchdog = watchdog
        # As a thread has one: what a job sets is there for the next, and nobody else's.
        self._context = Context()

    def run(self, job: Callable[[], None]) -> None:
        """Do `job` to its end. Raises what it raised, BotHungError, or DirectBindingError when the
        bot would have stood still.
        """
        watchdog = self._watchdog
        sit_down(self.seat)
        watchdog.enter()
        try:
            self._context.run(job)
        except (AbandonedError, KeyboardInterrupt):
            if watchdog.stack is None:
                raise
        finally:
            stack = watchdog.leave()
            sit_down(None)
        if stack is not None:
            raise BotHungError(self.crew.held_too_long(), stack)
        self.check()

    def check(self) -> None:
        """Raise what the bot was refused, if it was."""
        refused, self.seat.refused = self.seat.refused, None
        if refused is not None:
            raise refused


def _place() -> str:
    """Where the bot's own code is, of what runs just now; empty when a library did it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not DirectThread.run.__code__:
        file = frame.f_code.co_filename
        if not file.startswith(("<", _HERE, *_LIBRARIES)):
            return f" ({Path(file).name}, line {frame.f_lineno})"
        frame = frame.f_back
    return ""
