"""Which HTTP a client speaks, from its first bytes."""

from collections.abc import Callable
from typing import Protocol

from emulator.exchange import Headers
from emulator.net.connection import Arrival, Connection, Wire
from emulator.net.network import Network

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113, section 3.4


class HttpConnection(Protocol):
    """What a connection is to whoever reads its socket, in either version."""

    @property
    def partial(self) -> bool:
        """Whether more is to come before anybody could answer."""

    def feed(self, data: bytes) -> None:
        """Take what the client sent."""

    def lost(self) -> None:
        """The client hung up."""


def is_undecided(begun: bytes) -> bool:
    """Whether it may become either version."""
    return len(begun) < len(PREFACE) and PREFACE.startswith(begun)


def http_connection(
    begun: bytes,
    wire: Wire,
    network: Network,
    *,
    address: Callable[[str, Headers], tuple[str, Headers]],
    on_arrival: Callable[[Arrival], None],
    on_gone: Callable[[Arrival], None],
) -> HttpConnection:
    """A connection of the version that these bytes begin; they are still to be fed to it."""
    if not begun.startswith(PREFACE):
        return Connection(wire, network, address=address, on_arrival=on_arrival, on_gone=on_gone)
    # Most bots speak HTTP/1.1 only.
    from emulator.net.http2 import Http2Connection

    return Http2Connection(wire, network, address=address, on_arrival=on_arrival, on_gone=on_gone)
