"""The free-running driver: a kernel on the wall clock, where everything is done as it comes due."""

import asyncio
from collections.abc import Callable

from emulator.kernel import Kernel
from emulator.net import wall
from emulator.net.network import Network

# Steps done at a stretch before the sockets are looked at again.
STRETCH = 64


class FreeRunning:
    """Runs a kernel on the network thread. The kernel is touched on that thread only.

    `poke` has to be called after whatever may have put something on the agenda. `rested` is called
    whenever everything is done that is due by now. The world's clock runs with the wall's, and is
    ahead of it by what was skipped.
    """

    def __init__(
        self, kernel: Kernel, network: Network, *, rested: Callable[[], None] = lambda: None
    ) -> None:
        self._kernel = kernel
        self._network = network
        self._rested = rested
        self._began = wall.monotonic() - kernel.clock.now
        self._timer: asyncio.TimerHandle | None = None
        self._poked = False
        self._stopped = False
        self.skipped_s = 0.0

    def keep_time(self) -> None:
        """Bring the world's clock up to the wall's, before something is noted at the present."""
        clock = self._kernel.clock
        clock.move_to(max(clock.now, self._now()))

    def skip_to(self, moment: float) -> None:
        """Have it be `moment` (seconds of the world's clock) at least: what is due until then is
        done in the next round of the loop, in its order and each at its own time.
        """
        ahead_s = moment - self._now()
        if ahead_s > 0:
            self._began -= ahead_s
            self.skipped_s += ahead_s
        self.poke()

    def poke(self) -> None:
        """Do what is due, in the next round of the loop."""
        if not self._poked:
            self._poked = True
            self._network.loop.call_soon(self._go)

    def stop(self) -> None:
        """Do nothing more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def _now(self) -> float:
        return wall.monotonic() - self._began

    def _go(self) -> None:
        self._poked = False
        if self._stopped:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = max(self._kernel.clock.now, self._now())
        for _ in range(STRETCH):
            if not self._kernel.run_step(now):
                break
        else:
            # The clock stays behind the wall's until everything of that time is done.
            self.poke()
            return
        self.keep_time()
        step = self._kernel.agenda.earliest()
        wait_s = None if step is None else step.due - self._kernel.clock.now
        if wait_s is not None and wait_s <= 0:
            self.poke()
            return
        if wait_s is not None:
            self._timer = self._network.loop.call_later(wait_s, self._go)
        self._rested()
