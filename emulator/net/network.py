"""The network thread: one event loop that always runs, for every socket of a run.

A loop that is driven only in steps would let the clients of the listeners time out; therefore the
kernel never runs this one, it only posts to it and is told by queues.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from emulator.errors import EmulatorBug

T = TypeVar("T")

# Rounds of the loop after which everything that had reached a socket has been read: accepting a
# connection takes up to four rounds, reading its first request one more.
DRAIN_ROUNDS = 8
# Real seconds after which a loop that does not answer is taken for broken; its callbacks are short.
ANSWER_LIMIT_S = 30.0


def acknowledge(transport: asyncio.Transport | None) -> None:
    """Acknowledge at once what was received so far.

    A peer that writes a head and a body in two steps has the second one held back by its system
    until the first is acknowledged, which systems put off by 40 ms (Nagle's algorithm and delayed
    acknowledgements): the peer would look asleep with half a message sent.
    """
    option = getattr(socket, "TCP_QUICKACK", None)
    if transport is not None and option is not None and not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, option, 1)


class Network:
    """A loop on a thread of its own. Use it as a context manager, or call `close`."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="thrice-network", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def inside(self) -> bool:
        """Whether this is the network thread."""
        return threading.current_thread() is self._thread

    def post(self, action: Callable[[], object]) -> None:
        """Have `action` done on the network thread; returns at once, does nothing when closed."""
        if self.loop.is_closed():
            return
        if self.inside:
            # No other thread has to be told, which would cost a system call.
            self.loop.call_soon(action)
        else:
            self.loop.call_soon_threadsafe(action)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and wait for it. Raises what it raises."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(ANSWER_LIMIT_S)

    def drain(self) -> None:
        """Return when everything that has reached our sockets by now has been read and handed on.

        Each round of the loop asks the operating system first which sockets are readable.
        """
        done = threading.Event()

        def round_(left: int) -> None:
            if left:
                self.loop.call_soon(round_, left - 1)
            else:
                done.set()

        self.loop.call_soon_threadsafe(round_, DRAIN_ROUNDS)
        if not done.wait(ANSWER_LIMIT_S):
            raise EmulatorBug(f"the network thread did not answer within {ANSWER_LIMIT_S:g} s")

    def close(self) -> None:
        """End the loop and its thread; what is still open on it is closed."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(ANSWER_LIMIT_S)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            # Cancelled tasks end in the next round; a transport that one of them was about to open
            # is closed in the one after.
            for _ in range(DRAIN_ROUNDS):
                self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
