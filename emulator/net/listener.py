"""Listeners: a real address on loopback that stands for the address of a service on the internet.

A request to `http://127.0.0.1:<port>/x` arrives as one to `https://qstash.upstash.io/x`; the fakes
never know. Every arrival is handed on and answered later, or never, by whoever it was handed to.
"""

import asyncio
import socket
from collections.abc import Callable

from emulator.exchange import Headers
from emulator.net.connection import Arrival, Connection, origin_form
from emulator.net.network import Network, acknowledge
from emulator.net.socket_wire import SocketWire

LOOPBACK = "127.0.0.1"


class Listener:
    """One listening socket that stands for `origin`.

    `on_arrival` and `on_gone` are called on the network thread. `port` 0 takes a free one; raises
    OSError when a port that was asked for is in use.
    """

    def __init__(
        self,
        network: Network,
        *,
        origin: str,
        on_arrival: Callable[[Arrival], None],
        on_gone: Callable[[Arrival], None] = lambda arrival: None,
        port: int = 0,
    ) -> None:
        self.network = network
        self.origin = origin
        self.on_arrival = on_arrival
        self.on_gone = on_gone
        self.connections: set[_Client] = set()
        self.closed = False
        self._socket = listening_socket(port)
        self.port: int = self._socket.getsockname()[1]
        self._server: asyncio.Server = network.run(self._open())

    @property
    def address(self) -> str:
        """Where clients on this machine reach it: `http://127.0.0.1:<port>`."""
        return f"http://{LOOPBACK}:{self.port}"

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self.network.run(self._close())

    async def _open(self) -> asyncio.Server:
        return await self.network.loop.create_server(lambda: _Client(self), sock=self._socket)

    async def _close(self) -> None:
        self.closed = True
        self._server.close()
        for connection in list(self.connections):
            connection.abort()


class _Client(asyncio.Protocol):
    """One client of a listener."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        listener = self._listener
        self._transport = transport
        self._wire = SocketWire(transport)
        self._connection = Connection(
            self._wire,
            listener.network,
            address=self._address,
            on_arrival=lambda arrival: listener.on_arrival(arrival),
            on_gone=lambda arrival: listener.on_gone(arrival),
        )
        listener.connections.add(self)
        if listener.closed:
            # It was accepted in the very round in which the port was let go of.
            self.abort()

    def data_received(self, data: bytes) -> None:
        acknowledge(self._transport)
        self._connection.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.connections.discard(self)
        self._connection.lost()

    def abort(self) -> None:
        """Hang up with a reset."""
        self._wire.abort()

    def _address(self, target: str, headers: Headers) -> tuple[str, Headers]:
        """The address that the listener stands for, which is the one that the fake expects."""
        origin = self._listener.origin
        netloc = origin.partition("://")[2]
        return origin + origin_form(target), tuple(
            (name, netloc if name.lower() == "host" else value) for name, value in headers
        )


def listening_socket(port: int) -> socket.socket:
    """A socket that listens on loopback; port 0 takes a free one. Raises OSError."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen(512)
    except OSError:
        listening.close()
        raise
    return listening
