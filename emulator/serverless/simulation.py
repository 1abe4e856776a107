"""What is expensive in simulating a bot, set up once for a run and shared by all its worlds:
patches, clock, module loader.
"""

import importlib
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, ClassVar, Self

from emulator.clock import VIRTUAL_EPOCH
from emulator.errors import BotImportError, ScenarioError
from emulator.exchange import Failure, Outcome, Request
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.serverless.asgi import AsgiDriver
from emulator.serverless.baton import HANG_LIMIT_S
from emulator.serverless.bot_chance import BotChance
from emulator.serverless.bot_clock import BotClock
from emulator.serverless.bot_output import BotOutput
from emulator.serverless.bot_threads import BotThreads
from emulator.serverless.client import DirectClient
from emulator.serverless.modules import BotModules, clashing_library
from emulator.serverless.outbound import Outbound
from emulator.serverless.running import RunningInstance
from emulator.serverless.watchdog import Watchdog

# Libraries of one bot that have to be loaded with the real clock; more than one is rare.
MOST_REPAIRS = 5


class Simulation:
    """A context in which worlds can run a bot in this process, one world at a time.

    `app` is `module:attribute` (imported anew for every instance, so that instances share no
    memory) or a factory that makes the ASGI app (for tests; its instances share what the factory
    closes over). `env` is set while the bot's modules may run. `tainted` tells that a thread of a
    bot could not be ended: the process should not be trusted with another run.

    `module:factory(http)`, or a factory with `direct`, is the direct binding: the factory is given
    an HTTP client (as its keyword `http`, or as its one argument), and the app runs without
    threads, several times faster. An app that needs one after all is refused with
    DirectBindingError.
    """

    # The patches are the process's, so there can be one at a time.
    _active: "ClassVar[Simulation | None]" = None
    _spoilt: ClassVar[bool] = False

    def __init__(
        self,
        app: str | Callable[..., Any],
        *,
        root: Path | None = None,
        env: Mapping[str, str] | None = None,
        hang_limit_s: float = HANG_LIMIT_S,
        direct: bool = False,
    ) -> None:
        self.hang_limit_s = hang_limit_s
        self.tainted = False
        self.clock = BotClock()
        self.output = BotOutput()
        self._factory = app if callable(app) else None
        self._modules = BotModules(app, root or Path.cwd()) if isinstance(app, str) else None
        given = self._modules is not None and self._modules.takes_client
        if direct and self._modules is not None and not given:
            raise ScenarioError(
                f"{app} takes no client; for the direct binding name a factory and the keyword "
                "that it takes the client by, for example mybot.main:create_app(http)"
            )
        # Whatever runs on the kernel's own thread is watched from another; None on threads.
        self.watchdog = Watchdog(hang_limit_s) if direct or given else None
        self._env = dict(env or {})
        self._old_env: dict[str, str | None] = {}
        self._driver: AsgiDriver | None = None
        # Instances that served a world and are ready for the next, in the order of their starts.
        self.warm: list[RunningInstance] = []
        self._chance = BotChance(lambda size: self._attached().draw(size))
        self._threads = BotThreads(self._attached)
        self._outbound = Outbound(
            self._send, self._send_async, lambda host: self._attached().refuse(host)
        )
        self._entered = False

    def __enter__(self) -> Self:
        if Simulation._active is not None:
            raise ScenarioError("one simulation at a time: end the first before you begin another")
        if Simulation._spoilt:
            raise ScenarioError(
                "a thread of an earlier bot could not be ended, so this process can not be trusted "
                "with another run; start a new one"
            )
        Simulation._active = self
        self._old_env = {name: os.environ.get(name) for name in self._env}
        os.environ.update(self._env)
        self.output.start()
        self._outbound.start()
        self._threads.start()
        if self.watchdog is not None:
            self.watchdog.start()
        self._chance.start(b"thrice")
        self.clock.start(VIRTUAL_EPOCH)
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._entered = False
        for running in self.warm:
            running.dispose()
        self.warm.clear()
        Simulation._active = None
        Simulation._spoilt = Simulation._spoilt or self.tainted
        self.clock.stop()
        self._chance.stop()
        if self.watchdog is not None:
            self.watchdog.stop()
        self._threads.stop()
        self._outbound.stop()
        self.output.stop()
        self.modules_at_rest()
        for name, value in self._old_env.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    @classmethod
    def process_is_tainted(cls) -> bool:
        """Whether a thread of some bot that was run in this process could not be ended; no
        simulation begins here any more.
        """
        return cls._spoilt

    def client(self, **options: Any) -> DirectClient:
        """An HTTP client for the bot that skips httpx and respx; see `DirectClient`."""
        return DirectClient(self._send_async, **options)

    def connect(self, kernel: Kernel, gate: Gate) -> AsgiDriver:
        """The driver for one world; `World(simulation.connect, ...)`."""
        self.clock.move_to(kernel.clock.unix)
        return AsgiDriver(kernel, gate, self)

    def connect_warm(self, kernel: Kernel, gate: Gate) -> AsgiDriver:
        """As `connect`, but instances outlive the world, with their memory, and serve the next one
        that is made like this: a cold start costs a hundred times as much as a request.

        Such a world must begin later than the one before, and use ids of its own.
        """
        self.clock.move_to(kernel.clock.unix)
        return AsgiDriver(kernel, gate, self, warm=True)

    def attach(self, driver: AsgiDriver) -> None:
        """Make this the driver whose bots the patches serve."""
        if not self._entered:
            raise ScenarioError(
                "a world can only be made inside the simulation: "
                "use `with Simulation(...) as simulation:`"
            )
        if self._driver is not None:
            raise ScenarioError(
                "close the world before you make another one in the same simulation"
            )
        self._driver = driver

    def detach(self, driver: AsgiDriver) -> None:
        if self._driver is driver:
            self._driver = None

    def load(self, modules: dict[str, ModuleType]) -> Any:
        """A cold start's application; its modules go into `modules`. Called on the instance's
        thread.
        """
        if self._modules is None:
            assert self._factory is not None
            return self._factory() if self.watchdog is None else self._factory(self.client())
        for _ in range(MOST_REPAIRS):
            try:
                return self._modules.fresh(modules, self.client)
            except BotImportError as error:
                library = clashing_library(error)
                if library is None:
                    raise
                # Loaded with the real clock, as it would be outside of thrice; freezegun reaches
                # its names all the same.
                with self.clock.paused():
                    importlib.import_module(library)
        return self._modules.fresh(modules, self.client)

    def activate(self, modules: dict[str, ModuleType]) -> None:
        """Make an instance's modules those of the process."""
        if self._modules is not None:
            self._modules.activate(modules)

    def modules_at_rest(self) -> None:
        if self._modules is not None:
            self._modules.deactivate()

    # -- inside

    def _attached(self) -> AsgiDriver:
        if self._driver is None:
            raise ScenarioError("the world of this bot is closed")
        return self._driver

    def _send(self, request: Request, timeout_s: float | None) -> Outcome:
        return (
            self._driver.send(request, timeout_s)
            if self._driver
            else Failure("refused", "the world is closed")
        )

    def _send_async(self, request: Request, timeout_s: float | None) -> Awaitable[Outcome]:
        return self._driver.send_async(request, timeout_s) if self._driver else _refused()


async def _refused() -> Outcome:
    return Failure("refused", "the world is closed")
