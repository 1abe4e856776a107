"""One client's HTTP/1.1 connection: from bytes to requests, and from outcomes back to bytes. How
the bytes travel, and which address they were meant for, is said by whoever made it.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import httptools

from emulator.exchange import Failure, Headers, Outcome, Reply, Request
from emulator.net import wall
from emulator.net.framing import reply_bytes
from emulator.net.network import Network

# Far above what any of the real services takes; a bot that sends more is stopped here, before it
# fills the memory.
MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_HEAD_BYTES = 64 * 1024


class Wire(Protocol):
    """The way back to a client."""

    def write(self, data: bytes) -> None:
        """Send it."""

    def close(self) -> None:
        """Hang up when everything is sent."""

    def abort(self) -> None:
        """Hang up with a reset, so that the client does not take it for an orderly end."""


class Arrival:
    """One request of a bot, as it was read from a socket.

    `arrived` is on the monotonic real clock, in seconds; `gone` turns true when the client hangs up
    before it was answered. `flush` is called on the network thread once there is an `outcome`.
    """

    __slots__ = ("_flush", "_network", "arrived", "gone", "outcome", "request")

    def __init__(self, request: Request, network: Network, flush: Callable[[], None]) -> None:
        self.request = request
        self.arrived = wall.monotonic()
        self.gone = False
        self.outcome: Outcome | None = None
        self._network = network
        self._flush = flush

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
            if self._network.inside:
                self._flush()
            else:
                self._network.post(self._flush)

    def drop(self) -> None:
        """Hang up without an answer."""
        self.answer(Failure("reset", "dropped"))


class Connection:
    """The requests of one client, which are answered in the order in which they came (RFC 9112,
    section 9.3). All methods are for the network thread.

    `address` makes the URL and the headers of a request, as the world sees them, from what its head
    says. It is `partial` while the rest of a request is to come. `on_arrival` is told of each
    request, `on_gone` of each that its client did not wait for.
    """

    def __init__(
        self,
        wire: Wire,
        network: Network,
        *,
        address: Callable[[str, Headers], tuple[str, Headers]],
        on_arrival: Callable[[Arrival], None],
        on_gone: Callable[[Arrival], None],
    ) -> None:
        self._wire: Wire | None = wire
        self._network = network
        self._address = address
        self._on_arrival = on_arrival
        self._on_gone = on_gone
        self._parser: Any = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Arrival, bool]] = deque()
        self._reset()

    def _reset(self) -> None:
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._head_size = 0
        self._expects = ""
        self.partial = False

    def feed(self, data: bytes) -> None:
        """Take what the client sent."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # An offer to switch protocols may be ignored (RFC 9110, section 7.8).
            pass
        except httptools.HttpParserError as error:
            inner = error.__context__
            self._refuse(inner.status if isinstance(inner, _Refused) else 400)

    def lost(self) -> None:
        """The client hung up."""
        self._wire = None
        while self._waiting:
            arrival, _ = self._waiting.popleft()
            if arrival.outcome is None:
                arrival.gone = True
                self._on_gone(arrival)

    def flush(self) -> None:
        """Send what has been answered, as far as the order allows."""
        while self._waiting and self._wire is not None:
            arrival, keep_alive = self._waiting[0]
            outcome = arrival.outcome
            if outcome is None or (isinstance(outcome, Failure) and outcome.kind == "timeout"):
                return
            self._waiting.popleft()
            if isinstance(outcome, Failure):
                self._wire.abort()
                return
            self._wire.write(
                reply_bytes(outcome, method=arrival.request.method, keep_alive=keep_alive)
            )
            if not keep_alive:
                self._wire.close()
                return

    # -- httptools

    def on_message_begin(self) -> None:
        self.partial = True

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEAD_BYTES:
            raise _Refused(431)
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))
        if len(name) == 6 and name.lower() == b"expect" and not self._expects:
            self._expects = value.decode("latin-1").lower()

    def on_headers_complete(self) -> None:
        if self._expects == "100-continue" and self._wire is not None:
            self._wire.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > MAX_BODY_BYTES:
            raise _Refused(413)
        self._body.append(body)

    def on_message_complete(self) -> None:
        url, headers = self._address(self._target.decode("latin-1"), tuple(self._headers))
        request = Request(
            self._parser.get_method().decode("ascii"), url, headers, b"".join(self._body)
        )
        arrival = Arrival(request, self._network, self.flush)
        self._waiting.append((arrival, self._parser.should_keep_alive()))
        self._reset()
        self._on_arrival(arrival)

    # -- inside

    def _refuse(self, status: int) -> None:
        if self._wire is not None:
            reply = Reply(status, (("content-type", "text/plain"),), b"not a request thrice reads")
            self._wire.write(reply_bytes(reply, method="GET", keep_alive=False))
            self._wire.close()


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def origin_form(target: str) -> str:
    """The path and query of a request line; proxies' clients send whole URLs (RFC 9112, 3.2.2)."""
    if target.startswith("/"):
        return target
    scheme, found, rest = target.partition("://")
    if not found or scheme.lower() not in ("http", "https"):
        return "/" + target.lstrip("*")
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    path = rest[cut:]
    return path if path.startswith("/") else "/" + path
