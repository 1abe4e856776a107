"""The network thread: what `drain` promises, and that closing ends it."""

import socket
import threading

import pytest

from emulator.exchange import Request
from emulator.net import Arrival, Listener, Network


@pytest.mark.parametrize("number", range(20))
def test_drain__returns_after_everything_sent_before_has_arrived(
    network: Network, number: int
) -> None:
    arrivals: list[Arrival] = []
    listener = Listener(network, origin="https://service", on_arrival=arrivals.append)
    with socket.create_connection(("127.0.0.1", listener.port)) as connection:
        connection.sendall(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
        network.drain()
        assert [arrival.request for arrival in arrivals] == [
            Request("GET", f"https://service/{number}", (("Host", "service"),))
        ]
    listener.close()


def test_run__raises_what_the_coroutine_raises(network: Network) -> None:
    async def fail() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match=r"^nothing there$"):
        network.run(fail())


def test_close__ends_the_thread_and_may_be_repeated() -> None:
    before = threading.active_count()
    network = Network()
    assert threading.active_count() == before + 1
    network.close()
    network.close()
    network.post(lambda: pytest.fail("done after the end"))
    assert threading.active_count() == before
