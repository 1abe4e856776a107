"""Messages that wait for their time."""

import heapq
from collections.abc import Callable
from functools import partial

from emulator.kernel import Kernel
from emulator.qstash.message import Message
from emulator.step import Step


class Waiting:
    """Calls `ready` with each message when its time has come.

    Those that work for user messages have a step of their own on the world's agenda, where a search
    for orders may choose among them. Of all others, a million perhaps, only the first has one: what
    else happens costs the same however many wait.
    """

    __slots__ = ("_armed", "_count", "_first", "_heap", "_kernel", "_made", "_ready")

    def __init__(self, kernel: Kernel, ready: Callable[[Message], None]) -> None:
        self._kernel = kernel
        self._ready = ready
        self._heap: list[tuple[float, int, Message]] = []
        self._made = 0
        self._count = 0
        self._armed: Step | None = None
        self._first: Message | None = None

    def __len__(self) -> int:
        """Messages that wait without a step of their own."""
        return self._count

    def add(self, message: Message, due: float) -> None:
        """Have a message wait until `due` (seconds of the clock)."""
        message.due = due
        if message.roots:
            action = partial(self._come, message)
            name = message.attempt_name
            message.timer = self._kernel.at(
                due, name + "/due", action, roots=message.roots, task=name
            )
            return
        self._made += 1
        self._count += 1
        message.waits = self._made
        heapq.heappush(self._heap, (due, self._made, message))
        if self._heap[0][2] is message:
            self._arm()

    def remove(self, message: Message) -> bool:
        """Have a message wait no longer; False when it did not."""
        if message.timer is not None:
            self._kernel.cancel(message.timer)
            message.timer = None
            return True
        if not message.waits:
            return False
        message.waits = 0
        self._count -= 1
        # Removed entries stay until they surface; rebuilt once they outnumber the others.
        if len(self._heap) > 64 and len(self._heap) > 2 * self._count:
            self._heap = [entry for entry in self._heap if entry[2].waits == entry[1]]
            heapq.heapify(self._heap)
        if message is self._first:
            self._arm()
        return True

    def _arm(self) -> None:
        """Have the first of them on the agenda."""
        heap, kernel = self._heap, self._kernel
        while heap and heap[0][2].waits != heap[0][1]:
            heapq.heappop(heap)
        if self._armed is not None:
            kernel.cancel(self._armed)
            self._armed = self._first = None
        if heap:
            due, _, self._first = heap[0]
            name = self._first.attempt_name
            self._armed = kernel.at(due, name + "/due", self._fire, task=name)

    def _fire(self) -> None:
        message = heapq.heappop(self._heap)[2]
        message.waits = 0
        self._count -= 1
        self._armed = self._first = None
        self._arm()
        self._ready(message)

    def _come(self, message: Message) -> None:
        message.timer = None
        self._ready(message)
