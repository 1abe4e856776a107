"""Listeners: a real address on loopback that stands for the address of a service on the internet.

A request to `http://127.0.0.1:<port>/x` arrives as one to `https://qstash.upstash.io/x`; the fakes
never know. Every arrival is handed on and answered later, or never, by whoever it was handed to.
"""

from collections.abc import Callable

from emulator.exchange import Headers
from emulator.net.connection import Arrival, origin_form
from emulator.net.network import Network
from emulator.net.port import HttpVisitor, Port


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
        self._port = Port(network, self._welcome, number=port)
        self.port = self._port.number

    @property
    def address(self) -> str:
        """Where clients on this machine reach it: `http://127.0.0.1:<port>`."""
        return self._port.address

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._port.close()

    def _welcome(self, port: Port) -> HttpVisitor:
        return HttpVisitor(
            port,
            address=self._meant,
            on_arrival=lambda arrival: self.on_arrival(arrival),
            on_gone=lambda arrival: self.on_gone(arrival),
        )

    def _meant(self, target: str, headers: Headers) -> tuple[str, Headers]:
        """The address that the listener stands for, which is the one that the fake expects."""
        netloc = self.origin.partition("://")[2]
        for place, (name, _) in enumerate(headers):
            if len(name) == 4 and name.lower() == "host":
                headers = (*headers[:place], (name, netloc), *headers[place + 1 :])
        return self.origin + origin_form(target), headers
