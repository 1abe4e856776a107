"""A listening socket on loopback, and those who have connected to it."""

import asyncio
import socket
from collections.abc import Callable

from emulator.exchange import Headers
from emulator.net.connection import Arrival
from emulator.net.network import Network, acknowledge
from emulator.net.ports import LOOPBACK
from emulator.net.socket_wire import SocketWire
from emulator.net.spoken import HttpConnection, http_connection, is_undecided

# A target and headers as a client sent them -> the URL that was meant, and the headers to keep.
Address = Callable[[str, Headers], tuple[str, Headers]]


class Port:
    """One listening socket; `visitor` makes what talks to a client.

    `number` 0 takes a free one; raises OSError when a port that was asked for is in use.
    """

    def __init__(
        self, network: Network, visitor: "Callable[[Port], Visitor]", *, number: int = 0
    ) -> None:
        self.network = network
        self.visitors: set[Visitor] = set()
        self.closed = False
        self._visitor = visitor
        self._socket = listening_socket(number)
        self.number: int = self._socket.getsockname()[1]
        self._server: asyncio.Server = network.run(self._open())

    @property
    def address(self) -> str:
        """Where clients on this machine reach it: `http://127.0.0.1:<port>`."""
        return f"http://{LOOPBACK}:{self.number}"

    @property
    def bound(self) -> tuple[str, int]:
        """Where it listens, as the system says."""
        host, number = self._socket.getsockname()
        return host, number

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self.network.run(self.leave())

    async def leave(self) -> None:
        """The same, on the network thread."""
        self.closed = True
        # Who was accepted in this round has to be let in before he can be turned away: a server
        # that is closed in between forgets the socket.
        loop = self.network.loop
        loop.remove_reader(self._socket)
        next_round = loop.create_future()
        loop.call_soon(next_round.set_result, None)
        await next_round
        self._server.close()
        for visitor in list(self.visitors):
            visitor.abort()

    async def _open(self) -> asyncio.Server:
        return await self.network.loop.create_server(lambda: self._visitor(self), sock=self._socket)


class Visitor(asyncio.Protocol):
    """One client of a port."""

    def __init__(self, port: Port) -> None:
        self.port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.wire = SocketWire(transport)
        self.port.visitors.add(self)
        self.come()
        if self.port.closed:
            # It was accepted just before the port was let go of.
            self.abort()

    def data_received(self, data: bytes) -> None:
        acknowledge(self.transport)
        self.hear(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.port.visitors.discard(self)
        self.go()

    def pause_writing(self) -> None:
        # Who does not read what is answered is not read either.
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()

    def abort(self) -> None:
        """Hang up with a reset."""
        self.wire.abort()

    def come(self) -> None:
        """The connection stands."""

    def hear(self, data: bytes) -> None:
        """Bytes have come."""

    def go(self) -> None:
        """The connection has ended."""


class HttpVisitor(Visitor):
    """A client that speaks HTTP from its first byte on: HTTP/1.1, or HTTP/2 without TLS (RFC 9113,
    section 3.3).
    """

    def __init__(
        self,
        port: Port,
        *,
        address: Address,
        on_arrival: Callable[[Arrival], None],
        on_gone: Callable[[Arrival], None],
    ) -> None:
        super().__init__(port)
        self._address = address
        self._on_arrival = on_arrival
        self._on_gone = on_gone

    def come(self) -> None:
        self._begun = b""
        self._connection: HttpConnection | None = None

    def data_received(self, data: bytes) -> None:
        connection = self._connection
        if connection is None:
            data = self._begun + data
            if is_undecided(data):
                self._begun = data
                acknowledge(self.transport)
                return
            connection = self._connection = http_connection(
                data,
                self.wire,
                self.port.network,
                address=self._address,
                on_arrival=self._on_arrival,
                on_gone=self._on_gone,
            )
        # A system call less for most: who has sent a whole request waits for nothing else.
        connection.feed(data)
        if connection.partial:
            acknowledge(self.transport)

    def go(self) -> None:
        if self._connection is not None:
            self._connection.lost()


def listening_socket(number: int) -> socket.socket:
    """A socket that listens on loopback; port 0 takes a free one. Raises OSError."""
    # Named as TCP, so that asyncio has what it writes sent at once (TCP_NODELAY): in HTTP/2 a side
    # may write twice in a row, and the second would wait for the first to be acknowledged.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, number))
        listening.listen(512)
    except OSError:
        listening.close()
        raise
    return listening
