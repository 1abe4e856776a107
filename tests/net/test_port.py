"""A listening port: whoever has connected is let go of with it."""

import gc
import socket
import threading

from emulator.net import Network
from emulator.net.port import Port, Visitor
from tests.net.support import PATIENCE_S


def test_leave__turns_away_who_was_just_accepted(network: Network) -> None:
    port = Port(network, Visitor)
    held = threading.Event()
    left = threading.Event()

    async def leave() -> None:
        await port.leave()
        left.set()

    tasks = []
    network.post(lambda: held.wait(PATIENCE_S))
    with socket.create_connection(("127.0.0.1", port.number), PATIENCE_S) as client:
        # Once it goes on, the loop accepts the client and leaves the port in one round.
        network.post(lambda: tasks.append(network.loop.create_task(leave())))
        held.set()
        assert left.wait(PATIENCE_S)
        try:
            said = client.recv(1)
        except ConnectionResetError:
            said = b""
    assert said == b""
    # A socket that was forgotten complains when it is collected, which fails the test.
    network.drain()
    gc.collect()
