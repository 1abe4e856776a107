"""The port of the control API: requests come in, are looked over, and are answered whenever they
are done.
"""

import asyncio
from typing import TYPE_CHECKING

from emulator.control.api import app, refuse
from emulator.control.guard import refusal
from emulator.exchange import Reply, Request
from emulator.net.connection import Arrival, origin_form
from emulator.net.network import Network
from emulator.net.port import HttpVisitor, Port
from emulator.service import Answering, ASGIApp, scope_of

if TYPE_CHECKING:
    from emulator.serving import Serving


class Door:
    """A listening socket on the loopback address. Raises OSError when the port is in use.

    A request whose client hangs up is broken off.
    """

    def __init__(self, network: Network, serving: "Serving", *, port: int) -> None:
        self._network = network
        self._serving = serving
        self._tasks: dict[Arrival, asyncio.Task[None]] = {}
        self._port = Port(network, self._welcome, number=port)
        self.port = self._port.number

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, as the system says."""
        return self._port.bound

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

    async def _close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await self._port.leave()
        if tasks:
            await asyncio.wait(tasks)

    def _welcome(self, port: Port) -> HttpVisitor:
        return HttpVisitor(
            port,
            # The headers stay as they were sent: they are looked at.
            address=lambda target, headers: (port.address + origin_form(target), headers),
            on_arrival=self.arrived,
            on_gone=self.gone,
        )


async def _run(application: ASGIApp, request: Request, serving: "Serving") -> Reply:
    """Run an ASGI application on one request, however long it waits."""
    scope = scope_of(request, client_port=0)
    scope["thrice.serving"] = serving
    answering = Answering(request)
    await application(scope, answering.receive, answering.send)
    return answering.reply()
