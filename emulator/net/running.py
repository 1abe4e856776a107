"""The free-running driver: a kernel on the wall clock, where everything is done as it comes due."""

import asyncio

from emulator.kernel import Kernel
from emulator.net import wall
from emulator.net.network import Network

# Steps done at a stretch before the sockets are looked at again.
STRETCH = 64


class FreeRunning:
    """Runs a kernel on the network thread. The kernel is touched on that thread only.

    `poke` has to be called after whatever may have put something on the agenda.
    """

    def __init__(self, kernel: Kernel, network: Network) -> None:
        self._kernel = kernel
        self._network = network
        self._began = wall.monotonic() - kernel.clock.now
        self._timer: asyncio.TimerHandle | None = None
        self._poked = False
        self._stopped = False

    def keep_time(self) -> None:
        """Bring the world's clock up to the wall's, before something is noted at the present."""
        clock = self._kernel.clock
        clock.move_to(max(clock.now, wall.monotonic() - self._began))

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

    def _go(self) -> None:
        self._poked = False
        if self._stopped:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = max(self._kernel.clock.now, wall.monotonic() - self._began)
        for _ in range(STRETCH):
            if not self._kernel.run_step(now):
                break
        self.keep_time()
        step = self._kernel.agenda.earliest()
        if step is None:
            return
        wait_s = step.due - self._kernel.clock.now
        if wait_s <= 0:
            self.poke()
        else:
            self._timer = self._network.loop.call_later(wait_s, self._go)
