"""The fakes on fixed local ports, free-running on the wall clock, for people and for other test
runners.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from emulator.control.expecting import Contract
from emulator.control.pace import ended
from emulator.errors import ScenarioError
from emulator.kernel import Kernel
from emulator.meta import Field, PlatformName
from emulator.meta.delivery.courier import Spacing
from emulator.net import Arrival, Client, Network, wall
from emulator.qstash.keeping import Keeping
from emulator.qstash.service import ORIGINS
from emulator.queue_users import for_its_user
from emulator.redis.listener import Listening, listener_for
from emulator.served import Served
from emulator.serverless.attached import place_of

if TYPE_CHECKING:
    from emulator.control.door import Door

# What is on the ports, in the order in which they are wished for.
NAMES = ("queue", "platform", "store", "bot")
CONTROL = "control"
# How long the bot may take to answer what it was sent before a reset (real seconds).
RESET_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How the bot is reached: `public_url` is the address that it tells the queue, `bot_url` where
    it really runs; its users are on `platform`, and its app is subscribed to `fields` there, by
    default to whatever people do.
    """

    public_url: str
    bot_url: str
    webhook: str
    copies: int = 3
    spacing: Spacing = "at-once"
    platform: PlatformName = "messenger"
    fields: tuple[Field, ...] | None = None


class Serving:
    """The platform, the queue with its development accounts, and the store, each on a port; with a
    `control_port`, the control API too.

    `ports` are wished for by origin, the bot's `public_url` the last of them; where one is in use,
    another is taken: `places` tells which, `moved` which were not to be had. `served` is the
    present world, which `reset` replaces; `contract` is what a message is to cause. What the queue
    has is kept in the file `data`, if one is given. Use it as a context manager.
    """

    def __init__(
        self,
        *,
        ports: Mapping[str, int],
        public_url: str,
        bot_url: str,
        webhook: str,
        seed: int | str = 0,
        copies: int = 3,
        platform: PlatformName = "messenger",
        control_port: int | None = None,
        contract: Contract | None = None,
        data: Path | None = None,
    ) -> None:
        self.settings = Settings(public_url, bot_url, webhook, copies, platform=platform)
        self.contract = contract or Contract(publishes=1, replies=1)
        self.worlds = 0
        self.places: dict[str, int] = {}
        self.moved: dict[str, int] = {}
        self.door: Door | None = None
        self._seed = seed
        self._keeping = None if data is None else Keeping(data)
        self._listeners: dict[str, Listening] = {}
        self._closed = False
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[tuple[str, ...]]] = set()
        # Whoever comes before there is a world, or before it goes on with what is kept, is hung up
        # on: what it was told would not be kept.
        self._whole = asyncio.Event()
        self.network = Network()
        self.client = Client(self.network)
        try:
            for name, (origin, port) in zip(NAMES, ports.items(), strict=True):
                self._listeners[name] = self._listen(origin, port, shared=origin == ORIGINS[0])
            self.served = self._make(self.settings, 0)
            if self._keeping is not None:
                self.network.run(self._keep(self._keeping))
            self._whole.set()
            if control_port is not None:
                self.door = self._open_door(control_port)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def kernel(self) -> Kernel:
        """That of the present world."""
        return self.served.kernel

    @property
    def ports(self) -> dict[str, int]:
        """Where everything is, by what it is."""
        ports = {name: listener.port for name, listener in self._listeners.items()}
        return ports | ({} if self.door is None else {CONTROL: self.door.port})

    @property
    def changing(self) -> bool:
        """Whether the world is being replaced."""
        return not self._whole.is_set()

    def say(self, text: str, *, sender: str = "ada") -> None:
        """A person writes to the page, now; may be called on any thread."""
        self.network.post(lambda: self.served.write([text], sender=sender))

    def wait(self) -> None:
        """Serve until the calling thread is interrupted."""
        while True:
            wall.pause(3_600.0)

    def close(self) -> None:
        """Hang up on everybody and let go of the ports."""
        if self._closed:
            return
        self._closed = True
        if self.door is not None:
            self.door.close()
        served = getattr(self, "served", None)
        if served is not None:
            self.network.post(served.stop)
        for listener in self._listeners.values():
            listener.close()
        self.client.close()
        self.network.close()
        if served is not None:
            served.close()
        if self._keeping is not None:
            self._keeping.close()

    # -- on the network thread

    async def replaced(self) -> None:
        """Wait while the world is being replaced."""
        await self._whole.wait()

    async def reset(
        self, *, settings: Settings | None = None, within_s: float = RESET_WITHIN_S
    ) -> tuple[str, ...]:
        """Replace the world by an empty one, with ids of its own.

        The bot has `within_s` real seconds to answer what it was sent; calls that it makes
        meanwhile are hung up on. Returns the names of requests that it did not answer.
        """
        # Half of a reset would leave a dead world, so it goes on when whoever asked is gone.
        task = asyncio.ensure_future(self._replace(settings or self.settings, within_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    def configure(self, settings: Settings) -> None:
        """Send webhooks so from now on. Addresses and the platform change by a reset
        only."""
        if settings.fields is not None and settings.fields != self.settings.fields:
            self.served.meta.resubscribe(settings.fields)
        self.settings = settings
        courier = self.served.meta.courier
        courier.copies, courier.spacing = settings.copies, settings.spacing

    # -- inside

    async def _replace(self, settings: Settings, within_s: float) -> tuple[str, ...]:
        async with self._changing:
            old = self.served
            # What it refuses leaves everything as it is.
            new = self._make(settings, self.worlds + 1)
            self._whole.clear()
            try:
                old.stop()
                await ended(old.pace.answered(), within_s)
                abandoned = tuple(old.pace.owed)
                if abandoned:
                    self.client.forget(place_of(self.settings.bot_url))
                old.close()
                self._move(settings.public_url)
                self.settings, self.served = settings, new
                self.worlds += 1
                if self._keeping is not None:
                    new.keep(self._keeping, anew=True)
            finally:
                self._whole.set()
            return abandoned

    async def _keep(self, keeping: Keeping) -> None:
        self.served.keep(keeping, anew=False)

    def _make(self, settings: Settings, number: int) -> Served:
        # The bot may remember the ids of the world before.
        seed = f"{self._seed}/{number}" if number else self._seed
        epoch = None
        if self._keeping is not None:
            seed = f"{seed}/{self._keeping.run}"
            epoch = self._keeping.resumed(wall.unix())
        return Served(
            self.network,
            self.client,
            seed=seed,
            epoch=epoch,
            public_url=settings.public_url,
            bot_url=settings.bot_url,
            webhook=settings.webhook,
            copies=settings.copies,
            spacing=settings.spacing,
            platform=settings.platform,
            fields=settings.fields,
            addresses=(self._listeners["bot"].address,),
        )

    def _move(self, public_url: str) -> None:
        """Have the bot's own port stand for this address."""
        own = self._listeners["bot"]
        if own.origin != public_url:
            self.places = {
                public_url if origin == own.origin else origin: port
                for origin, port in self.places.items()
            }
            own.origin = public_url

    def _listen(self, origin: str, port: int, *, shared: bool) -> Listening:
        def arrived(arrival: Arrival) -> None:
            if self.changing:
                arrival.drop()
                return
            request = for_its_user(arrival.request) if shared else arrival.request
            self.served.arrived(arrival, request)

        def gone(arrival: Arrival) -> None:
            self.served.gone(arrival)

        def listen(at: int) -> Listening:
            return listener_for(
                self.network, origin=origin, on_arrival=arrived, on_gone=gone, port=at
            )

        try:
            listener = listen(port)
        except OSError:
            try:
                listener = listen(0)
            except OSError as error:
                raise ScenarioError(f"no port can be had for {origin}: {error}") from error
            self.moved[origin] = port
        self.places[origin] = listener.port
        return listener

    def _open_door(self, port: int) -> "Door":
        # Only who is controlled needs the API's surface.
        from emulator.control.door import Door

        try:
            return Door(self.network, self, port=port)
        except OSError:
            self.moved[CONTROL] = port
            return Door(self.network, self, port=0)
