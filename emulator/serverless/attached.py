"""A bot that somebody has started by hand, with the addresses of the fakes in its environment."""

import queue
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from emulator.errors import BotDiedError, BotStartError, EmulatorBug
from emulator.exchange import Failure, Outcome, Request
from emulator.net import Arrival
from emulator.net.client import Place
from emulator.net.ports import listening_pids
from emulator.redis.listener import Listening, listener_for
from emulator.serverless.asleep import Watch, watch
from emulator.serverless.background import Background
from emulator.serverless.body import Body, Event

if TYPE_CHECKING:
    from emulator.serverless.live import Live

# How long the first answer may take (real seconds).
ANSWER_LIMIT_S = 10.0
LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


def place_of(url: str) -> Place:
    """The host and port of an http URL."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


class AttachedBot:
    """The one process, or whatever it is, behind a URL. All instances of a world run on it."""

    name = "attached"
    shared = True
    ready = True
    exited: int | None = None
    # It is not ours to stop.
    stops = False
    stopped = False
    escaped: tuple[str, ...] = ()
    background: Background | None = None

    def __init__(self, url: str) -> None:
        self.url = url
        self.place = place_of(url)
        self.dirty = False
        self.held: list[Arrival] = []
        # Elsewhere than on this machine, nothing tells when it sleeps.
        pids = listening_pids(self.place[1]) if self.place[0] in LOCAL else []
        self.watch: Watch = watch(*pids)

    def keep(self, arrival: Arrival) -> None:
        """A call that no world is there for."""
        arrival.drop()

    def check_start(self) -> None:
        """It was started before."""

    def printed(self) -> list[str]:
        """Its output is not ours to see."""
        return []

    def refused(self) -> None:
        """It did not take a connection, and nobody will start it again."""
        raise BotDiedError(f"nothing listens at {self.url} any more; start the bot again")

    def stop_running(self) -> None:
        """It is not ours to stop."""

    def go_on(self) -> None:
        """It always does."""

    def terminate(self) -> None:
        """It is not ours to end."""

    def kill(self) -> None:
        """It is not ours to end."""


class Attached:
    """A `Source` with one body, which runs already and runs on.

    `ports` are those that the bot was told to reach services at, by origin, its own public origin
    among them. As no instance has addresses of its own, the cause of a call is the one thing that
    was released before it.
    """

    output: tuple[str, ...] = ()
    # Whoever started it did so with the machine's clock.
    clock: None = None

    def __init__(self, url: str, *, webhook: str, ports: Mapping[str, int]) -> None:
        self.url = url
        self._webhook = webhook
        self._ports = dict(ports)
        self._listeners: list[Listening] = []
        self._body: AttachedBot | None = None

    # -- Source

    @property
    def exact(self) -> bool:
        return self.take().watch.exact

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.url, *(listener.address for listener in self._listeners))

    def open(self, live: "Live") -> None:
        """Listen, and see that the bot is there.

        Raises BotStartError when a port is in use, or nothing answers.
        """
        for origin, port in self._ports.items():
            self._listeners.append(_listen(live, origin, port))
        outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        request = Request("GET", self.url + self._webhook, (("User-Agent", "thrice-readiness"),))
        live.client.send(place_of(self.url), request, outcomes.put, timeout_s=ANSWER_LIMIT_S)
        outcome = outcomes.get()
        if isinstance(outcome, Failure):
            raise BotStartError(
                f"nothing answers at {self.url}{self._webhook}: {outcome.message}; start the bot "
                "first, with the environment that thrice serve prints"
            )
        self._body = AttachedBot(self.url)

    def prepare(self) -> None:
        """Nothing to prepare."""

    def take(self) -> AttachedBot:
        if self._body is None:
            raise EmulatorBug("the bot was not attached to")
        return self._body

    def give_back(self, body: Body) -> None:
        """It stays as it is."""

    def close(self) -> None:
        """Let go of the ports; the bot runs on."""
        while self._listeners:
            self._listeners.pop().close()
        if self._body is not None:
            self._body.watch.close()


def _listen(live: "Live", origin: str, port: int) -> Listening:
    try:
        return listener_for(
            live.network,
            origin=origin,
            on_arrival=lambda arrival: live.events.put(Event("call", None, arrival)),
            on_gone=lambda arrival: live.events.put(Event("gone", None, arrival)),
            port=port,
        )
    except OSError as error:
        raise BotStartError(
            f"port {port}, at which the bot expects {origin}, can not be used: {error.strerror}; "
            "end what listens there (is thrice serve still running?), or give the --ports that "
            "the bot was started with"
        ) from error
