"""The port of the control API: requests come in, are looked over, and are answered whenever they
are done.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.control.api import app, refuse
from emulator.control.guard import refusal
from emulator.exchange import Headers, Reply, Request
from emulator.net.connection import Arrival, Connection, origin_form
from emulator.net.listener import LOOPBACK, listening_socket
from emulator.net.network import Network, acknowledge
from emulator.net.socket_wire import SocketWire
from emulator.service import ASGIApp, Message, scope_of

if TYPE_CHECKING:
    from emulator.serving import Serving


class Door:
    """A listening socket on the loopback address. Raises OSError when the port is in use.

    A request whose client hangs up is broken off.
    """

    def __init__(self, network: Network, serving: "Serving", *, port: int) -> None:
        self._network = network
        self._serving = serving
        self._clients: set[_Client] = set()
        self._tasks: dict[Arrival, asyncio.Task[None]] = {}
        self.closed = False
        self._socket = listening_socket(port)
        self.port: int = self._socket.getsockname()[1]
        self._server: asyncio.Server = network.run(self._open())

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, as the system says."""
        host, port = self._socket.getsockname()
        return host, port

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._network.run(self._close())

    # -- on the network thread

    def arrived(self, arrival: Arrival) -> None:
        task = self._network.loop.create_task(self._answer(arrival))
        self._tasks[arrival] = task
        task.add_done_callback(lambda _: self._tasks.pop(arrival, None))

    def gone(self, arrival: Arrival) -> None:
        task = self._tasks.get(arrival)
        if task is not None:
            task.cancel()

    async def _answer(self, arrival: Arrival) -> None:
        request = arrival.request
        why = refusal(request, port=self.port)
        if why is not None:
            response = refuse(403, why)
            headers = tuple(response.headers.items())
            arrival.answer(Reply(response.status_code, headers, bytes(response.body)))
            return
        try:
            reply = await _run(app, request, self._serving)
        except Exception as error:
            response = refuse(500, f"this is a fault of thrice, please report it: {error!r}")
            reply = Reply(500, tuple(response.headers.items()), bytes(response.body))
        arrival.answer(reply)

    async def _open(self) -> asyncio.Server:
        make: Callable[[], asyncio.Protocol] = lambda: _Client(self, self._network, self._clients)  # noqa: E731
        return await self._network.loop.create_server(make, sock=self._socket)

    async def _close(self) -> None:
        self.closed = True
        self._server.close()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        for client in list(self._clients):
            client.abort()
        if tasks:
            await asyncio.wait(tasks)


class _Client(asyncio.Protocol):
    """One client of the door. Its headers stay as they were sent: they are looked at."""

    def __init__(self, door: Door, network: Network, clients: "set[_Client]") -> None:
        self._door = door
        self._network = network
        self._clients = clients
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._wire = SocketWire(transport)
        self._connection = Connection(
            self._wire,
            self._network,
            address=self._address,
            on_arrival=self._door.arrived,
            on_gone=self._door.gone,
        )
        self._clients.add(self)
        if self._door.closed:
            # It was accepted in the very round in which the port was let go of.
            self.abort()

    def data_received(self, data: bytes) -> None:
        acknowledge(self._transport)
        self._connection.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.discard(self)
        self._connection.lost()

    def abort(self) -> None:
        self._wire.abort()

    def _address(self, target: str, headers: Headers) -> tuple[str, Headers]:
        return f"http://{LOOPBACK}:{self._door.port}{origin_form(target)}", headers


async def _run(application: ASGIApp, request: Request, serving: "Serving") -> Reply:
    """Run an ASGI application on one request, however long it waits."""
    scope = scope_of(request, client_port=0)
    scope["thrice.serving"] = serving
    status = 0
    headers: list[tuple[str, str]] = []
    body: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            headers.extend(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message.get("headers", ())
            )
        elif message["type"] == "http.response.body":
            body.append(message.get("body", b""))

    await application(scope, receive, send)
    return Reply(status, tuple(headers), b"".join(body))
