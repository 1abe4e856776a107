"""A real address on loopback at which clients speak Redis's own protocol.

Each command, or each transaction that is sent in one piece, is handed on as a request and answered
later, or never; the next of the same connection is handed on then. Everything here is for the
network thread.
"""

from collections import deque
from collections.abc import Callable

from emulator.exchange import Failure, Reply, Request
from emulator.net import Arrival, Listener, Network
from emulator.net.port import Port, Visitor
from emulator.net.ports import LOOPBACK
from emulator.redis.command import Words, name_of, shown
from emulator.redis.greeting import Greeting
from emulator.redis.resp import Commands, ProtocolError, encode
from emulator.redis.service import DATABASE, LINE, PROTOCOL, SCHEME
from emulator.redis.values import Refusal

OnArrival = Callable[[Arrival], None]


class RedisListener:
    """One listening socket that stands for `origin`, as `Listener` does for HTTP."""

    def __init__(
        self,
        network: Network,
        *,
        origin: str,
        on_arrival: OnArrival,
        on_gone: OnArrival = lambda arrival: None,
        port: int = 0,
    ) -> None:
        self.network = network
        self.origin = origin
        self.on_arrival = on_arrival
        self.on_gone = on_gone
        self.connections = 0
        self._port = Port(network, self._welcome, number=port)
        self.port = self._port.number

    @property
    def address(self) -> str:
        """Where clients on this machine reach it: `redis://127.0.0.1:<port>`."""
        return f"{SCHEME}{LOOPBACK}:{self.port}"

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._port.close()

    def _welcome(self, port: Port) -> "_Connection":
        self.connections += 1
        return _Connection(port, self, self.connections)


Listening = Listener | RedisListener


def listener_for(
    network: Network,
    *,
    origin: str,
    on_arrival: OnArrival,
    on_gone: OnArrival = lambda arrival: None,
    port: int = 0,
) -> Listening:
    """A listener in the protocol of the address that it stands for."""
    make = RedisListener if origin.startswith(SCHEME) else Listener
    return make(network, origin=origin, on_arrival=on_arrival, on_gone=on_gone, port=port)


class _Connection(Visitor):
    """One client: its commands wait for one another."""

    def __init__(self, port: Port, listener: RedisListener, number: int) -> None:
        super().__init__(port)
        self._listener = listener
        self._name = f"{listener.port}/{number}"
        self._greeting = Greeting(number)
        self._commands = Commands()
        self._waiting: deque[tuple[Words, bytes]] = deque()
        self._arrival: Arrival | None = None
        # In a transaction, nothing is answered on the spot: it has to be queued.
        self._queueing = False
        self._over = False

    def hear(self, data: bytes) -> None:
        try:
            for words, raw in self._commands.feed(data):
                self._waiting.append((words, raw))
        except ProtocolError as error:
            self._go_on()
            self.wire.write(encode(Refusal(f"ERR Protocol error: {error}"), 2))
            self.wire.close()
            return
        self._go_on()

    def go(self) -> None:
        self._over = True
        arrival, self._arrival = self._arrival, None
        if arrival is not None and arrival.outcome is None:
            arrival.gone = True
            self._listener.on_gone(arrival)

    def _go_on(self) -> None:
        while self._waiting and self._arrival is None and not self._over:
            words, raw = self._waiting.popleft()
            answer = None if self._queueing else self._greeting.answer(words)
            if answer is None:
                self._hand_on(words, raw)
                continue
            self.wire.write(encode(answer, self._greeting.protocol))
            if name_of(words) == b"quit":
                self._over = True
                self.wire.close()

    def _hand_on(self, words: Words, raw: bytes) -> None:
        name = name_of(words)
        if name == b"multi":
            whole = [name_of(each) for each, _ in self._waiting]
            if b"exec" in whole:
                # All of it is here: nothing else happens between its commands.
                for _ in range(whole.index(b"exec") + 1):
                    raw += self._waiting.popleft()[1]
                name = b"exec"
        self._queueing = name == b"multi" or (
            self._queueing and name not in (b"exec", b"discard", b"reset")
        )
        greeting = self._greeting
        request = Request(
            shown(name).upper()[:40],
            f"{self._listener.origin}/",
            (
                (LINE, self._name),
                (PROTOCOL, str(greeting.protocol)),
                (DATABASE, str(greeting.database)),
            ),
            raw,
        )
        self._arrival = Arrival(request, self._listener.network, self._flush)
        self._listener.on_arrival(self._arrival)

    def _flush(self) -> None:
        arrival = self._arrival
        if arrival is None or arrival.outcome is None or self._over:
            return
        outcome = arrival.outcome
        if isinstance(outcome, Failure) and outcome.kind == "timeout":
            return
        self._arrival = None
        if not isinstance(outcome, Reply):
            self._over = True
            self.wire.abort()
            return
        self.wire.write(outcome.body)
        self._go_on()
