"""The delivery client: sends requests of the world to a bot, fast, and with faults where asked.

General HTTP clients are ten to a hundred times slower at this, and none offers the faults.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httptools

from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.net import wall
from emulator.net.fault import Fault
from emulator.net.framing import request_bytes
from emulator.net.network import Network, acknowledge

Place = tuple[str, int]

# AWS Lambda quotas: a response of at most 6 MB.
MAX_REPLY_BYTES = 6 * 1024 * 1024
# Far above what any server sends and any client takes; what goes on longer is stopped here, before
# it fills the memory.
MAX_HEAD_BYTES = 512 * 1024
# An idle connection is used again for this long (real seconds). Servers close theirs after 2 s
# (gunicorn) to 5 s (uvicorn, Node), and a request that meets a closing connection may or may not
# have been handled, so the client stays far away from that.
REUSE_WITHIN_S = 0.5
CONNECT_WITHIN_S = 5.0


class TooLarge(Failure):
    """The response was larger than the client takes."""

    __slots__ = ()


class Client:
    """A pool of kept connections to any number of places. `send` may be called on any thread."""

    def __init__(self, network: Network, *, max_reply_bytes: int = MAX_REPLY_BYTES) -> None:
        self.max_reply_bytes = max_reply_bytes
        self._network = network
        self._idle: dict[Place, list[_Connection]] = {}
        self._open: set[_Connection] = set()
        self._closed = False

    def send(
        self,
        place: Place,
        request: Request,
        done: Callable[[Outcome], None],
        *,
        timeout_s: float | None = None,
        fault: Fault | None = None,
        fresh: bool = False,
    ) -> None:
        """Send a request to a host and port, whatever its URL says; a `fresh` one on a connection
        that has served no other.

        `done` is called once, on the network thread, with the reply or the failure: `refused`
        (nobody listens), `reset` (no whole response came), `timeout` (not within `timeout_s` real
        seconds).
        """
        exchange = _Exchange(request, done, timeout_s, fault)
        if self._network.inside:
            self._start(place, exchange, fresh=fresh)
        else:
            self._network.post(lambda: self._start(place, exchange, fresh=fresh))

    def close(self) -> None:
        """Hang up on everybody; unfinished requests fail with `reset`."""
        self._network.run(self._close())

    def forget(self, place: Place) -> None:
        """Hang up on one place."""
        self._network.post(lambda: self._forget(place))

    # -- on the network thread

    def _start(self, place: Place, exchange: "_Exchange", *, fresh: bool) -> None:
        if exchange.timeout_s is not None:
            exchange.timer = self._network.loop.call_later(exchange.timeout_s, exchange.time_out)
        if exchange.fault is not None and exchange.fault.kind == "refused":
            exchange.finish(Failure("refused", "a fault"))
            return
        idle = self._idle.get(place)
        while idle and not fresh:
            connection = idle.pop()
            if connection.usable:
                connection.begin(exchange)
                return
            connection.abort()
        task = self._network.loop.create_task(self._connect(place, exchange))
        exchange.task = task

    async def _connect(self, place: Place, exchange: "_Exchange") -> None:
        host, port = place
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                _, connection = await self._network.loop.create_connection(
                    lambda: _Connection(self, place), host, port
                )
        except TimeoutError:
            exchange.finish(Failure("timeout", f"no connection within {CONNECT_WITHIN_S:g} s"))
        except OSError as error:
            exchange.finish(Failure("refused", error.strerror or str(error)))
        else:
            if exchange.finished:
                connection.abort()
            else:
                connection.begin(exchange)

    def give_back(self, connection: "_Connection") -> None:
        self._idle.setdefault(connection.place, []).append(connection)

    def opened(self, connection: "_Connection") -> None:
        self._open.add(connection)
        if self._closed:
            # It was on its way when everybody was hung up on.
            connection.abort()

    def lost(self, connection: "_Connection") -> None:
        self._open.discard(connection)
        idle = self._idle.get(connection.place)
        if idle is not None and connection in idle:
            idle.remove(connection)
        if not idle:
            self._idle.pop(connection.place, None)

    def _forget(self, place: Place) -> None:
        for connection in [one for one in self._open if one.place == place]:
            connection.abort()

    async def _close(self) -> None:
        self._closed = True
        for connection in list(self._open):
            connection.abort()
        # Aborted connections are told so in the next round of the loop.
        while self._open:
            await asyncio.wait([asyncio.ensure_future(_nothing())])


class _Exchange:
    """One request and what became of it."""

    __slots__ = ("connection", "done", "fault", "finished", "request", "task", "timeout_s", "timer")

    def __init__(
        self,
        request: Request,
        done: Callable[[Outcome], None],
        timeout_s: float | None,
        fault: Fault | None,
    ) -> None:
        self.request = request
        self.done = done
        self.timeout_s = timeout_s
        self.fault = fault
        self.finished = False
        self.timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None
        self.connection: _Connection | None = None

    def finish(self, outcome: Outcome) -> None:
        if self.finished:
            return
        self.finished = True
        if self.timer is not None:
            self.timer.cancel()
        self.done(outcome)

    def time_out(self) -> None:
        if not self.finished:
            self.finish(Failure("timeout", f"no response within {self.timeout_s:g} s"))
            if self.connection is not None:
                self.connection.abort()


class _Connection(asyncio.Protocol):
    """One connection, with at most one exchange on it."""

    def __init__(self, client: Client, place: Place) -> None:
        self.place = place
        self._client = client
        self._transport: asyncio.Transport | None = None
        self._exchange: _Exchange | None = None
        self._parser: Any = None
        self._idle_since = 0.0
        self._reply: Reply | None = None
        self._keep = False
        self._slow: asyncio.TimerHandle | None = None
        self._reset()

    def _reset(self) -> None:
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._seen = 0
        self._head_size = 0
        self._headed = False

    @property
    def usable(self) -> bool:
        return (
            self._transport is not None
            and not self._transport.is_closing()
            and wall.monotonic() - self._idle_since < REUSE_WITHIN_S
        )

    def begin(self, exchange: _Exchange) -> None:
        transport = self._transport
        if transport is None:
            exchange.finish(Failure("reset", "the connection was closed at once"))
            return
        self._exchange = exchange
        exchange.connection = self
        self._reset()
        self._parser = httptools.HttpResponseParser(self)
        wire = request_bytes(exchange.request)
        fault = exchange.fault
        if fault is not None and fault.kind == "cut-request":
            transport.write(wire[: fault.at_byte])
            # Closed, not aborted: what was written shall still arrive.
            transport.close()
        elif fault is not None and fault.kind == "slow":
            self._drip(wire, fault)
        else:
            transport.write(wire)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._client.opened(self)

    def data_received(self, data: bytes) -> None:
        acknowledge(self._transport)
        exchange = self._exchange
        if exchange is None:
            # Nobody asked; whatever it is, this connection is not in step.
            self.abort()
            return
        if not self._headed:
            self._head_size += len(data)
        fault = exchange.fault
        if fault is not None and fault.kind == "cut-response":
            data = data[: max(0, fault.at_byte - self._seen)]
            self._seen += len(data)
            if self._seen >= fault.at_byte:
                self.abort()
                return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(Failure("reset", "the bot wants another protocol"))
        except httptools.HttpParserError as error:
            self._fail(Failure("reset", f"not an HTTP response: {error}"))
        if not self._headed and self._head_size > MAX_HEAD_BYTES:
            limit = f"the response's head is larger than {MAX_HEAD_BYTES:,} bytes"
            self._fail(TooLarge("reset", limit))
        self._conclude()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._slow is not None:
            self._slow.cancel()
        self._client.lost(self)
        exchange = self._exchange
        if exchange is None:
            return
        if exc is None and self._headed and self._ends_with_connection():
            self._complete(keep_alive=False)
            self._conclude()
            return
        what = "in the middle of" if self._headed else "without"
        reason = (exc.strerror if isinstance(exc, OSError) else None) or "closed"
        self._exchange = None
        exchange.finish(Failure("reset", f"the connection ended {what} a response ({reason})"))

    # -- httptools

    def on_message_begin(self) -> None:
        # More than was asked for: this connection is out of step.
        self._keep = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._headed = True

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= self._client.max_reply_bytes:
            self._body.append(body)
        else:
            self._body.clear()
            limit = self._client.max_reply_bytes
            self._fail(TooLarge("reset", f"the response is larger than {limit:,} bytes"))

    def on_message_complete(self) -> None:
        if 100 <= self._parser.get_status_code() < 200:
            # An interim response (RFC 9110, section 15.2); the final one follows.
            self._reset()
            return
        self._complete(keep_alive=self._parser.should_keep_alive())

    # -- inside

    def _complete(self, *, keep_alive: bool) -> None:
        if self._reply is None:
            status = self._parser.get_status_code()
            self._reply = Reply(status, tuple(self._headers), b"".join(self._body))
            # Answered before the whole request was sent: the connection is out of step.
            self._keep = keep_alive and self._slow is None

    def _conclude(self) -> None:
        """Hand on the reply, once the parser is done with what was received together with it."""
        reply, self._reply = self._reply, None
        exchange = self._exchange
        if reply is None or exchange is None:
            return
        self._exchange = None
        self._reset()
        if self._keep and self._transport is not None:
            self._idle_since = wall.monotonic()
            self._client.give_back(self)
        elif self._transport is not None:
            self._transport.close()
        exchange.finish(reply)

    def _fail(self, failure: Failure) -> None:
        exchange, self._exchange = self._exchange, None
        self.abort()
        if exchange is not None:
            exchange.finish(failure)

    def _ends_with_connection(self) -> bool:
        """Neither a length nor chunks: the end of the connection is the end of the body."""
        names = {name.lower() for name, _ in self._headers}
        return "content-length" not in names and "transfer-encoding" not in names

    def _drip(self, wire: bytes, fault: Fault) -> None:
        self._slow = None
        if self._transport is None or self._transport.is_closing():
            return
        with suppress(RuntimeError):
            self._transport.write(wire[: fault.step_bytes])
        rest = wire[fault.step_bytes :]
        if rest:
            loop = asyncio.get_running_loop()
            self._slow = loop.call_later(fault.pause_s, self._drip, rest, fault)


async def _nothing() -> None:
    pass
