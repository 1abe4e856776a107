"""What the tests of sockets share: a server that says exactly what it is told to, and a client
that waits.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from emulator.exchange import Outcome, Request
from emulator.net import Arrival, Client, Fault, Listener, Network
from emulator.net.client import Place

PATIENCE_S = 10.0

Talk = Callable[[socket.socket], None]


@contextmanager
def raw_server(*talks: Talk) -> Iterator[Place]:
    """Serves one connection after the other, each with the next of `talks`, then stops."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE_S)

        def serve() -> None:
            for talk in talks:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(PATIENCE_S)
                    talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[:2]
    thread.join(PATIENCE_S)


def read_head(connection: socket.socket) -> bytes:
    """What was received up to and with the empty line, and whatever came along with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return data


def says(*chunks: bytes) -> Talk:
    """Read a request's head, then send these chunks, each by itself, and close."""

    def talk(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        read_head(connection)
        for chunk in chunks:
            connection.sendall(chunk)

    return talk


def exchange(
    client: Client,
    place: Place,
    request: Request | None = None,
    *,
    timeout_s: float | None = PATIENCE_S,
    fault: Fault | None = None,
    fresh: bool = False,
) -> Outcome:
    """Send a request and wait for what becomes of it."""
    outcomes: SimpleQueue[Outcome] = SimpleQueue()
    client.send(
        place,
        request or Request("GET", "http://bot/"),
        outcomes.put,
        timeout_s=timeout_s,
        fault=fault,
        fresh=fresh,
    )
    return outcomes.get(timeout=PATIENCE_S)


class Heard:
    """A listener, and what came in at it."""

    def __init__(self, network: Network, origin: str) -> None:
        self.arrivals: SimpleQueue[Arrival] = SimpleQueue()
        self.gone: SimpleQueue[Arrival] = SimpleQueue()
        self.on_arrival: Callable[[Arrival], None] = self.arrivals.put
        self.listener = Listener(
            network,
            origin=origin,
            on_arrival=lambda arrival: self.on_arrival(arrival),
            on_gone=self.gone.put,
        )

    def next(self) -> Arrival:
        return self.arrivals.get(timeout=PATIENCE_S)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.listener.port), PATIENCE_S)
