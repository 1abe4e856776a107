"""Listeners: a real address on loopback that stands for the address of a service on the internet.

A request to `http://127.0.0.1:<port>/x` arrives as one to `https://qstash.upstash.io/x`; the fakes
never know. Every arrival is handed on and answered later, or never, by whoever it was handed to.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Any

import httptools

from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.net import wall
from emulator.net.framing import reply_bytes
from emulator.net.network import Network, acknowledge

LOOPBACK = "127.0.0.1"
# Far above what any of the real services takes; a bot that sends more is stopped here, before it
# fills the memory.
MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_HEAD_BYTES = 64 * 1024


class Arrival:
    """One request of a bot, as it was read from a socket.

    `arrived` is on the monotonic real clock, in seconds; `gone` turns true when the client hangs up
    before it was answered.
    """

    __slots__ = ("_connection", "_network", "arrived", "gone", "outcome", "request")

    def __init__(self, request: Request, connection: "_Connection", network: Network) -> None:
        self.request = request
        self.arrived = wall.monotonic()
        self.gone = False
        self.outcome: Outcome | None = None
        self._connection = connection
        self._network = network

    @property
    def age_s(self) -> float:
        """Real seconds since it was read."""
        return wall.monotonic() - self.arrived

    def answer(self, outcome: Outcome) -> None:
        """Send a reply, or hang up for a failure; does nothing when the client is gone.

        A `timeout` is no answer at all: the client's own patience has to end.
        """
        if self.outcome is None:
            self.outcome = outcome
            self._network.post(self._connection.flush)

    def drop(self) -> None:
        """Hang up without an answer."""
        self.answer(Failure("reset", "dropped"))


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
        self.connections: set[_Connection] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((LOOPBACK, port))
            self._socket.listen(512)
        except OSError:
            self._socket.close()
            raise
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
        return await self.network.loop.create_server(lambda: _Connection(self), sock=self._socket)

    async def _close(self) -> None:
        self._server.close()
        for connection in list(self.connections):
            connection.abort()


class _Connection(asyncio.Protocol):
    """One client. Requests are answered in the order in which they came (RFC 9112, section 9.3)."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._waiting: deque[tuple[Arrival, bool]] = deque()
        self._reset()

    def _reset(self) -> None:
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._head_size = 0

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        self._listener.connections.add(self)

    def data_received(self, data: bytes) -> None:
        acknowledge(self._transport)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # An offer to switch protocols may be ignored (RFC 9110, section 7.8).
            pass
        except httptools.HttpParserError as error:
            inner = error.__context__
            self._refuse(inner.status if isinstance(inner, _Refused) else 400)

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.connections.discard(self)
        self._transport = None
        while self._waiting:
            arrival, _ = self._waiting.popleft()
            if arrival.outcome is None:
                arrival.gone = True
                self._listener.on_gone(arrival)

    # -- httptools

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEAD_BYTES:
            raise _Refused(431)
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        expects = next((v for k, v in self._headers if k.lower() == "expect"), "")
        if expects.lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > MAX_BODY_BYTES:
            raise _Refused(413)
        self._body.append(body)

    def on_message_complete(self) -> None:
        listener = self._listener
        netloc = listener.origin.partition("://")[2]
        request = Request(
            self._parser.get_method().decode("ascii"),
            listener.origin + _origin_form(self._target.decode("latin-1")),
            tuple(
                (name, netloc if name.lower() == "host" else value) for name, value in self._headers
            ),
            b"".join(self._body),
        )
        arrival = Arrival(request, self, listener.network)
        self._waiting.append((arrival, self._parser.should_keep_alive()))
        self._reset()
        listener.on_arrival(arrival)

    # -- for arrivals, on the network thread

    def flush(self) -> None:
        """Send what has been answered, as far as the order allows."""
        while self._waiting and self._transport is not None:
            arrival, keep_alive = self._waiting[0]
            outcome = arrival.outcome
            if outcome is None or (isinstance(outcome, Failure) and outcome.kind == "timeout"):
                return
            self._waiting.popleft()
            if isinstance(outcome, Failure):
                self.abort()
                return
            self._transport.write(
                reply_bytes(outcome, method=arrival.request.method, keep_alive=keep_alive)
            )
            if not keep_alive:
                self._transport.close()
                return

    def abort(self) -> None:
        """Hang up with a reset, so that the client does not take it for an orderly end."""
        if self._transport is not None:
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def _refuse(self, status: int) -> None:
        if self._transport is not None:
            reply = Reply(status, (("content-type", "text/plain"),), b"not a request thrice reads")
            self._transport.write(reply_bytes(reply, method="GET", keep_alive=False))
            self._transport.close()


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _origin_form(target: str) -> str:
    """The path and query of a request line; proxies' clients send whole URLs (RFC 9112, 3.2.2)."""
    if target.startswith("/"):
        return target
    scheme, found, rest = target.partition("://")
    if not found or scheme.lower() not in ("http", "https"):
        return "/" + target.lstrip("*")
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    path = rest[cut:]
    return path if path.startswith("/") else "/" + path
