"""The time of a served world: waiting until it is at rest, and skipping what nobody waits for."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from emulator.kernel import Kernel
from emulator.net import wall
from emulator.net.running import FreeRunning
from emulator.serverless.remote import Remote
from emulator.step import Step


class WorldGone(Exception):
    """The world was replaced while somebody waited for it."""


async def ended(work: Coroutine[Any, Any, object], within_s: float) -> bool:
    """Whether it came to its end within so many real seconds; it is broken off otherwise."""
    try:
        async with asyncio.timeout(within_s):
            await work
    except TimeoutError:
        return False
    return True


class Pace:
    """For the network thread. The coroutines end when they have what they wait for; whoever calls
    them sets the time limit. They raise WorldGone once the world is closed.

    The world is settled when nothing is due and the bot owes no response. What a bot does behind
    its response can not be seen coming.
    """

    def __init__(self, kernel: Kernel, running: FreeRunning, remotes: Sequence[Remote]) -> None:
        self._kernel = kernel
        self._running = running
        self._remotes = remotes
        self._waiting: set[asyncio.Future[None]] = set()
        self._turn = asyncio.Lock()
        self._closed = False

    @property
    def owed(self) -> list[str]:
        """The names of the requests that the bot has not answered yet."""
        return [invocation.name for remote in self._remotes for invocation in remote.open]

    @property
    def upcoming(self) -> Step | None:
        """What is due next, when nothing else happens."""
        return self._kernel.agenda.earliest()

    @property
    def settled(self) -> bool:
        step = self.upcoming
        due = step is not None and step.due <= self._kernel.clock.now
        return not due and not any(remote.open for remote in self._remotes)

    @property
    def quiet(self) -> bool:
        """Nothing is under way, and nothing is left to come."""
        return not len(self._kernel.agenda) and self.settled

    @property
    def waited_for(self) -> bool:
        """Whether anybody waits for something to happen."""
        return bool(self._waiting)

    def stir(self) -> None:
        """Something has happened: whoever waits looks again."""
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Whoever waits learns that the world is gone."""
        self._closed = True
        self.stir()

    async def answered(self) -> None:
        """Wait until the bot owes no response, also when the world is closed already."""
        while self.owed:
            await self._next()

    async def settle(self) -> None:
        """Wait until the world is settled."""
        self._running.poke()
        while not self.settled:
            await self._stirred()

    async def advance(self, seconds: float, *, wait_for_bot: bool = True) -> None:
        """Have this much time pass at once, with everything that is due in it, in its order. At
        each thing that is due the bot may answer before time goes on, if it is waited for.
        """
        async with self._turn:
            self._running.keep_time()
            until = self._kernel.clock.now + seconds
            if wait_for_bot:
                await self._step_by_step(until)
            self._running.skip_to(until)
            await self._stirred()
            if wait_for_bot:
                await self.settle()

    async def skip(self) -> str | None:
        """Skip to what is due next, see it done, and wait until the world is settled. Returns its
        name, None when nothing is to come.
        """
        async with self._turn:
            await self.settle()
            step = self.upcoming
            if step is None:
                return None
            await self._do(step)
            return step.name

    async def rest(self, *, still_s: float, idle: bool, skip_s: float = 0.0) -> None:
        """Wait until the world is quiet, or only settled if `idle`, and stays so for `still_s` real
        seconds. Up to `skip_s` seconds of the world's clock are skipped on the way.
        """
        self._running.keep_time()
        until = self._kernel.clock.now + skip_s
        while True:
            async with self._turn:
                await self.settle()
                step = self.upcoming
                if step is not None and not idle and step.due <= until:
                    await self._do(step)
                    continue
            if not idle and step is not None:
                await self._stirred()
                continue
            if await self._still(still_s) and (idle or self.quiet):
                return

    # -- inside

    async def _step_by_step(self, until: float) -> None:
        while True:
            await self.settle()
            step = self.upcoming
            if step is None or step.due > until:
                return
            await self._do(step)

    async def _do(self, step: Step) -> None:
        """Have it be the time of this step, which is then done with all of the same moment."""
        self._running.skip_to(step.due)
        while step.pending:
            await self._stirred()
        await self.settle()

    async def _still(self, seconds: float) -> bool:
        """Wait for so long, or until anything is done; returns whether nothing was."""
        done = self._kernel.steps
        until = wall.monotonic() + seconds
        while True:
            # Whatever is noticed stirs, also an end of what was done before.
            await self._stirred(max(0.0, until - wall.monotonic()))
            if not self.settled or self._kernel.steps != done:
                return False
            if wall.monotonic() >= until:
                return True

    async def _stirred(self, at_most_s: float | None = None) -> None:
        """Wait until something happens, or for so long."""
        if self._closed:
            raise WorldGone
        await self._next(at_most_s)
        if self._closed:
            raise WorldGone

    async def _next(self, at_most_s: float | None = None) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait((future,), timeout=at_most_s)
        finally:
            self._waiting.discard(future)
