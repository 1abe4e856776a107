"""What is expensive in running a bot over real sockets, set up once for a run and shared by its
worlds: the network thread, the client, and where bodies for instances come from.
"""

import queue
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from emulator.errors import ScenarioError, UnfitRunError
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.net import Client, Network, wall
from emulator.serverless.body import Body, Event
from emulator.serverless.clock_file import ClockFile
from emulator.serverless.process import ProcessDriver

# Real seconds without a call, a response or sleep after which an invocation is stuck.
SETTLE_LIMIT_S = 10.0
# Half the shortest time limit that bots commonly put on their own calls. A run in which a call was
# left waiting for longer may have been decided by the bot's own timers, so it is not judged.
PATIENCE_S = 1.5


class Source(Protocol):
    """Where bodies come from: processes that are started, or a bot that somebody has started.

    `exact` tells that it can be seen when a body sleeps; `clock` is what the bodies see of the
    time, None when that is not ours to say; `addresses` are those at which a bot reaches itself;
    `output` is what it printed.
    """

    @property
    def exact(self) -> bool: ...

    @property
    def clock(self) -> ClockFile | None: ...

    @property
    def addresses(self) -> Sequence[str]: ...

    @property
    def output(self) -> Sequence[str]: ...

    def open(self, live: "Live") -> None:
        """Set up. Raises BotStartError when there is no bot to be had."""

    def prepare(self) -> None:
        """A world is about to begin."""

    def take(self) -> Body:
        """A body for an instance, ready or about to be."""

    def give_back(self, body: Body) -> None:
        """A body that its world is done with."""

    def close(self) -> None:
        """End what was started, and let go of every port."""


class Live:
    """A context in which worlds run a bot over real sockets, one world at a time.

    `World(live.connect, bot_clock=live.unix, addresses=live.addresses, ...)`; where the bot's clock
    follows the world's (`clock_follows`), with `epoch=live.begins(...)` instead of `bot_clock`.
    Call `accept` after each world: it raises UnfitRunError when nothing may be judged by it,
    because a call of the bot waited longer than `patience_s` real seconds for its answer.
    `settle_limit_s` is how long one released thing may take. `restless` tells that something of the
    bot did not come to rest, so that it was gone on without; `escaped` are commands of processes
    that have left its session.
    """

    def __init__(
        self,
        source: Source,
        *,
        settle_limit_s: float = SETTLE_LIMIT_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.source = source
        self.settle_limit_s = settle_limit_s
        self.patience_s = patience_s
        self.oldest_s = 0.0
        self.restless = False
        self.escaped: dict[str, None] = {}
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._driver: ProcessDriver | None = None
        self._network: Network | None = None

    def __enter__(self) -> Self:
        self._network = Network()
        self.client = Client(self._network)
        try:
            self.source.open(self)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def network(self) -> Network:
        if self._network is None:
            raise ScenarioError("a live bot runs in a context: use `with Live(...) as live:`")
        return self._network

    @property
    def addresses(self) -> Sequence[str]:
        """Where the bot reaches itself, beside its public address."""
        return self.source.addresses

    @staticmethod
    def unix() -> float:
        """The machine's clock, which a bot sees that does not follow the world's: unix seconds."""
        return wall.unix()

    @property
    def clock_follows(self) -> bool:
        """Whether the bot sees the clock of a world that has no `bot_clock`."""
        return self.source.clock is not None

    def begins(self, epoch: float) -> float:
        """The epoch of the next world, near the one that is asked for (unix seconds): the clock of
        a process that serves one world after the other must not go back.
        """
        clock = self.source.clock
        return epoch if clock is None else clock.begins(epoch)

    def connect(self, kernel: Kernel, gate: Gate) -> ProcessDriver:
        """The driver for one world."""
        if self._driver is not None:
            raise ScenarioError("close the world before you make another one of the same bot")
        self.source.prepare()
        self._drop_stale_events()
        if self.source.clock is not None and kernel.clock.moves_bots:
            kernel.clock.show(self.source.clock.show)
        self._driver = ProcessDriver(kernel, gate, self)
        return self._driver

    def detach(self, driver: ProcessDriver) -> None:
        """The world of this driver is closed."""
        if self._driver is driver:
            self._driver = None
            self.oldest_s = driver.oldest_s

    def accept(self) -> None:
        """Raise UnfitRunError when the last world left a call waiting for too long."""
        if self.oldest_s > self.patience_s:
            raise UnfitRunError(
                f"a call of the bot waited {self.oldest_s:.1f} s for its answer, and may wait "
                f"{self.patience_s:g} s"
            )

    def close(self) -> None:
        """End everything; may be called again."""
        if self._network is None:
            return
        try:
            self.source.close()
            self.client.close()
        finally:
            network, self._network = self._network, None
            network.close()

    def _drop_stale_events(self) -> None:
        """What came between two worlds, when nobody was there to answer."""
        while True:
            try:
                event = self.events.get_nowait()
            except queue.Empty:
                return
            if event.kind == "call" and event.arrival is not None:
                if event.body is not None:
                    event.body.keep(event.arrival)
                else:
                    event.arrival.drop()
