"""A proxy on loopback, by which a bot reaches the fakes at their real addresses, https included.

It never passes anything on: what comes in becomes an arrival at the address that was asked for,
known to the world or not, and what is not HTTP becomes one that says so.
"""

import asyncio
import re
from collections.abc import Callable

from emulator.exchange import Failure, Headers, Request
from emulator.net.authority import PROTOCOLS, Authority
from emulator.net.client_hello import HANDSHAKE, read_hello
from emulator.net.connection import MAX_HEAD_BYTES, Arrival, Wire, origin_form
from emulator.net.network import Network
from emulator.net.port import Port, Visitor
from emulator.net.spoken import PREFACE, HttpConnection, http_connection, is_undecided
from emulator.net.tls import TlsWire

# The schemes of arrivals that are no HTTP: a client that broke the TLS handshake off (the path
# tells why), and one that speaks anything else.
DISTRUST, OTHER = "tls", "tcp"
# Header of a CONNECT whose sender goes on at once and reads no reply to it.
QUIET = "thrice-reply: none"
# Clients of some protocols wait for the server to speak first. On the ports of HTTP a connection
# may also be opened ahead of need (real seconds).
SILENT_S = 1.0
DEFAULT_PORTS = {"http": 80, "https": 443}

_METHOD = re.compile(rb"[A-Z-]{1,20} ")
_MAYBE_METHOD = re.compile(rb"[A-Z-]{0,20}")
_CONNECT = b"CONNECT "
# RFC 8446, section 6: a fatal alert of its own record, no_application_protocol.
_NO_PROTOCOL = bytes([0x15, 3, 3, 0, 2, 2, 120])


class Proxy:
    """One listening socket that leads anywhere.

    It takes CONNECT, whole URLs in the request line, and clients which take it for the host itself:
    these say in TLS, or in the Host header, which one they mean. `on_arrival` and `on_gone` are
    called on the network thread.
    """

    def __init__(
        self,
        network: Network,
        authority: Authority,
        *,
        on_arrival: Callable[[Arrival], None],
        on_gone: Callable[[Arrival], None] = lambda arrival: None,
    ) -> None:
        self.network = network
        self.authority = authority
        self.on_arrival = on_arrival
        self.on_gone = on_gone
        self._port = Port(network, lambda port: _Client(port, self))
        self.port = self._port.number

    @property
    def address(self) -> str:
        """Where clients on this machine reach it: `http://127.0.0.1:<port>`."""
        return self._port.address

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._port.close()


class _Client(Visitor):
    """One client, whose first bytes tell what it speaks.

    `_host` and `_port` are those it asked for; a host of "" is not known yet.
    """

    def __init__(self, port: Port, proxy: Proxy) -> None:
        super().__init__(port)
        self._proxy = proxy
        self._host = ""
        self._port = 0
        self._begun = b""
        self._tls: TlsWire | None = None
        self._connection: HttpConnection | None = None
        self._refused: Arrival | None = None
        self._timer: asyncio.TimerHandle | None = None

    # -- Visitor

    def hear(self, data: bytes) -> None:
        if self._tls is not None:
            self._tls.feed(data)
        elif self._connection is not None:
            self._connection.feed(data)
        elif self._refused is None:
            self._begun += data
            self._begin()

    def go(self) -> None:
        self._stop_timer()
        if self._connection is not None:
            self._connection.lost()
        if self._refused is not None and self._refused.outcome is None:
            self._refused.gone = True
            self._proxy.on_gone(self._refused)

    # -- what it speaks

    def _begin(self) -> None:
        begun = self._begun
        if len(begun) > MAX_HEAD_BYTES:
            self.wire.abort()
        elif begun[:1] == bytes([HANDSHAKE]):
            self._greet(begun)
        elif not self._host and begun[: len(_CONNECT)] == _CONNECT[: len(begun)]:
            if b"\r\n\r\n" in begun:
                head, _, self._begun = begun.partition(b"\r\n\r\n")
                self._dig(head.decode("latin-1"))
        else:
            self._begin_http(self.wire, "http", begun)

    def _dig(self, head: str) -> None:
        """CONNECT: everything after this is for another host."""
        line, *headers = head.split("\r\n")
        host, _, port = line.split(" ")[1].rpartition(":")
        if not host or not port.isdecimal():
            self.wire.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            self.wire.close()
            return
        self._host, self._port = host.lower(), int(port)
        if QUIET not in map(str.lower, headers):
            self.wire.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if self._port not in DEFAULT_PORTS.values():
            self._timer = self._proxy.network.loop.call_later(SILENT_S, self._refuse, OTHER)
        if self._begun:
            self._begin()

    def _greet(self, begun: bytes) -> None:
        """TLS."""
        try:
            hello = read_hello(begun)
        except ValueError:
            self._refuse(OTHER)
            return
        if hello is None:
            return
        self._host = hello.server_name.lower() or self._host
        self._port = self._port or DEFAULT_PORTS["https"]
        if hello.protocols and not set(PROTOCOLS).intersection(hello.protocols):
            self._refuse(OTHER, last_words=_NO_PROTOCOL)
            return
        try:
            context = self._proxy.authority.context_for(self._host.strip("[]"))
        except ValueError:
            self._refuse(OTHER)
            return
        self._begun = b""
        tls = self._tls = TlsWire(
            self.wire,
            context,
            on_data=lambda data: self._said(tls, data),
            on_distrust=lambda why: self._refuse(DISTRUST, why),
        )
        tls.feed(begun)

    def _said(self, tls: Wire, data: bytes) -> None:
        """What it says inside of TLS."""
        if self._connection is not None:
            self._connection.feed(data)
        elif self._refused is None:
            self._begun += data
            self._begin_http(tls, "https", self._begun)

    def _begin_http(self, wire: Wire, scheme: str, begun: bytes) -> None:
        if is_undecided(begun):
            return
        if begun.startswith(PREFACE) or _METHOD.match(begun):
            self._stop_timer()
            self._begun = b""
            self._connection = http_connection(
                begun,
                wire,
                self._proxy.network,
                address=lambda target, headers: self._address(scheme, target, headers),
                on_arrival=lambda arrival: self._proxy.on_arrival(arrival),
                on_gone=lambda arrival: self._proxy.on_gone(arrival),
            )
            self._connection.feed(begun)
        elif not _MAYBE_METHOD.fullmatch(begun):
            self._refuse(OTHER)

    # -- what becomes of it

    def _address(self, scheme: str, target: str, headers: Headers) -> tuple[str, Headers]:
        """The address that was meant, without what is said to a proxy only."""
        kept = tuple(pair for pair in headers if not pair[0].lower().startswith("proxy-"))
        given, whole, rest = target.partition("://")
        if self._host:
            netloc = _netloc(scheme, self._host, self._port)
        elif whole and given.lower() in DEFAULT_PORTS:
            scheme = given.lower()
            netloc = _shortened(scheme, re.split(r"[/?#]", rest, maxsplit=1)[0])
        else:
            said = next((value for name, value in headers if name.lower() == "host"), "")
            netloc = _shortened(scheme, said)
        return f"{scheme}://{netloc}{origin_form(target)}", kept

    def _refuse(self, scheme: str, why: str = "", *, last_words: bytes = b"") -> None:
        """An arrival that says what the bot tried; its answer, whatever it is, hangs up."""
        self._stop_timer()
        if self._refused is not None or self.transport.is_closing():
            return
        netloc = f"{self._host or 'nowhere'}:{self._port}" if self._port else self._host
        request = Request("CONNECT", f"{scheme}://{netloc or 'nowhere'}/{why}")
        arrival = self._refused = Arrival(
            request, self._proxy.network, lambda: self._hang_up(arrival, last_words)
        )
        self._proxy.on_arrival(arrival)

    def _hang_up(self, arrival: Arrival, last_words: bytes) -> None:
        if isinstance(arrival.outcome, Failure) and arrival.outcome.kind == "timeout":
            return
        if last_words:
            self.wire.write(last_words)
            self.wire.close()
        else:
            self.wire.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _netloc(scheme: str, host: str, port: int) -> str:
    """Host and port as a URL has them: the port only where it is not the scheme's own."""
    return host if port in (0, DEFAULT_PORTS[scheme]) else f"{host}:{port}"


def _shortened(scheme: str, netloc: str) -> str:
    """The same of what a client wrote, which may hold a password."""
    plain = netloc.rpartition("@")[2].strip().lower()
    return plain.removesuffix(f":{DEFAULT_PORTS[scheme]}") or "nowhere"
