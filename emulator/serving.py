"""The fakes on fixed local ports, free-running on the wall clock, for people and for other test
runners.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from emulator.errors import ScenarioError
from emulator.exchange import Request
from emulator.firestore import Firestore
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.meta import Messenger
from emulator.net import Arrival, Client, Listener, Network, wall
from emulator.net.running import FreeRunning
from emulator.qstash import QStash
from emulator.qstash.service import ORIGINS
from emulator.schedule import Fifo
from emulator.serverless.attached import place_of
from emulator.serverless.remote import Remote


@dataclass(frozen=True, slots=True)
class QueueUser:
    """An account of the queue: what publishes for it, and what its deliveries are signed with."""

    name: str
    token: str
    current_key: str
    next_key: str


# The accounts of the vendor's public development server; their credentials are constants of that
# server (QStash docs, "Local development").
QUEUE_USERS = (
    QueueUser(
        "defaultUser",
        "eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0=",
        "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r",
        "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs",
    ),
    QueueUser(
        "testUser1",
        "eyJVc2VySUQiOiJ0ZXN0VXNlcjEiLCJQYXNzd29yZCI6InRlc3RQYXNzd29yZCJ9",
        "sig_7GVPjvuwsfqF65iC8fSrs1dfYruM",
        "sig_5NoELc3EFnZn4DVS5bDs2Nk4b7Ua",
    ),
    QueueUser(
        "testUser2",
        "eyJVc2VySUQiOiJ0ZXN0VXNlcjIiLCJQYXNzd29yZCI6InRlc3RQYXNzd29yZCJ9",
        "sig_6jWGaWRxHsw4vMSPJprXadyvrybF",
        "sig_7qHbvhmahe5GwfePDiS5Lg3pi6Qx",
    ),
    QueueUser(
        "testUser3",
        "eyJVc2VySUQiOiJ0ZXN0VXNlcjMiLCJQYXNzd29yZCI6InRlc3RQYXNzd29yZCJ9",
        "sig_5T8FcSsynBjn9mMLBsXhpacRovJf",
        "sig_7GFR4YaDshFcqsxWRZpRB161jguD",
    ),
)


class Serving:
    """The platform, the queue with its development accounts, and the store, each on a port.

    `ports` are wished for by origin, the bot's `public_url` among them; where one is in use,
    another is taken: `places` tells which, `moved` which were not to be had. Requests to the bot go
    to `bot_url`, and those that the queue is asked to make to other addresses on this machine go
    there. Nothing is frozen, and no call is held back. Use it as a context manager.
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
    ) -> None:
        self.places: dict[str, int] = {}
        self.moved: dict[str, int] = {}
        self._listeners: list[Listener] = []
        self._closed = False
        self.kernel = Kernel(
            seed=seed,
            schedule=lambda chance: Fifo(chance, low_s=0.0, high_s=0.0),
            bot_clock=wall.unix,
        )
        # A run of days would remember every step.
        self.kernel.record_choices = False
        self.meta = Messenger(self.kernel, callback_url=public_url + webhook, copies=copies)
        self.firestore = Firestore(self.kernel)
        self.queues = [
            QStash(
                self.kernel,
                token=user.token,
                current_key=user.current_key,
                next_key=user.next_key,
                origins=ORIGINS if user is QUEUE_USERS[0] else (_origin_of(user),),
            )
            for user in QUEUE_USERS
        ]
        self.gate = Gate(self.kernel, (self.firestore, self.meta, *self.queues))
        self.network = Network()
        self.running = FreeRunning(self.kernel, self.network)
        self.client = client = Client(self.network)
        try:
            self.bot = Remote(
                self.kernel, client, place=place_of(bot_url), settled=self._after_response
            )
            self.kernel.elsewhere = Remote(self.kernel, client, settled=self._after_response)
            queue = ORIGINS[0]
            for origin, port in ports.items():
                self._listen(origin, port, shared=origin == queue)
            for address in (public_url, bot_url, f"http://127.0.0.1:{self.places[public_url]}"):
                self.kernel.origins[Request("GET", address).origin] = self.bot
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

    def say(self, text: str, *, sender: str = "ada") -> None:
        """A person writes to the page, now; may be called on any thread."""

        def write() -> None:
            self.running.keep_time()
            self.meta.message(text, sender=sender)
            self.running.poke()

        self.network.post(write)

    def wait(self) -> None:
        """Serve until the calling thread is interrupted."""
        while True:
            wall.pause(3_600.0)

    def close(self) -> None:
        """Hang up on everybody and let go of the ports."""
        if self._closed:
            return
        self._closed = True
        self.network.post(self.running.stop)
        for listener in self._listeners:
            listener.close()
        self.client.close()
        self.network.close()
        self.kernel.journal.close()

    # -- inside, on the network thread

    def _listen(self, origin: str, port: int, *, shared: bool) -> None:
        def arrived(arrival: Arrival) -> None:
            request = _for_its_user(arrival.request) if shared else arrival.request
            self.running.keep_time()
            self.gate.arrive(
                self.bot.invocation_for(request),
                request,
                timeout_s=None,
                deliver_outcome=arrival.answer,
            )
            self.running.poke()

        try:
            listener = Listener(self.network, origin=origin, on_arrival=arrived, port=port)
        except OSError:
            try:
                listener = Listener(self.network, origin=origin, on_arrival=arrived)
            except OSError as error:
                raise ScenarioError(f"no port can be had for {origin}: {error}") from error
            self.moved[origin] = port
        self._listeners.append(listener)
        self.places[origin] = listener.port

    def _after_response(self) -> None:
        self.running.poke()


def _origin_of(user: QueueUser) -> str:
    """The address of an account; only of use inside, since they all share one port."""
    return f"https://{user.name.lower()}.qstash.invalid"


def _for_its_user(request: Request) -> Request:
    """The request as one to its account's address, which its token tells."""
    bearer = (request.header("authorization") or "").encode()
    for user in QUEUE_USERS[1:]:
        if hmac.compare_digest(bearer, b"Bearer " + user.token.encode()):
            return Request(
                request.method, _origin_of(user) + request.target, request.headers, request.body
            )
    return request
