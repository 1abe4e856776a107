"""Receives that wait for a message: they are answered when one can be had, or when their time is
over on the world's clock.
"""

from emulator.call import Call
from emulator.exchange import Blocked
from emulator.kernel import Kernel
from emulator.sqs.engine import MessageQueue
from emulator.sqs.message import Message
from emulator.step import Step


class Polls:
    """The receives that wait at one queue.

    They take part in the queue's life as long as there are any, so that a world in which nobody
    waits is quiet.
    """

    def __init__(self, kernel: Kernel, queue: MessageQueue) -> None:
        self._kernel = kernel
        self._queue = queue
        self._waiting: dict[str, Blocked] = {}
        # By call: when its time is over, and the step that ends it.
        self._ends: dict[str, tuple[float, Step]] = {}
        self._timer: Step | None = None
        queue.watchers.append(self)

    def knows(self, call: Call) -> bool:
        """Whether a receive has looked before."""
        return call.name in self._ends

    def wait(self, call: Call, wait_s: float) -> Blocked | None:
        """Have a receive that found nothing wait; None when it has waited long enough."""
        kernel, name = self._kernel, call.name
        if name not in self._ends:
            end = kernel.clock.now + wait_s
            step = kernel.at(
                end,
                f"{name}/poll",
                lambda: self._wake(name),
                roots=call.roots,
                task=call.invocation.name,
            )
            self._ends[name] = end, step
        if kernel.clock.now >= self._ends[name][0]:
            self.done(call)
            return None
        blocked = self._waiting[name] = Blocked()
        visible = self._queue.line.next_visible()
        if visible is not None:
            self._come_back(visible)
        return blocked

    def done(self, call: Call) -> None:
        """A receive is answered."""
        end = self._ends.pop(call.name, None)
        if end is not None:
            self._kernel.cancel(end[1])

    # -- Watcher

    def awaits(self, message: Message) -> None:
        if not self._waiting:
            return
        if message.visible_at <= self._kernel.clock.now:
            self._wake_all()
        else:
            self._come_back(message.visible_at)

    def gone(self, message: Message) -> None:
        # The rest of its group may be had now.
        if self._waiting and self._queue.settings.fifo:
            self._wake_all()

    # -- inside

    def _come_back(self, at: float) -> None:
        if self._timer is not None and self._timer.pending:
            if self._timer.due <= at:
                return
            self._kernel.cancel(self._timer)
        self._timer = self._kernel.at(at, f"sqs/{self._queue.name}/visible", self._wake_all)

    def _wake(self, name: str) -> None:
        blocked = self._waiting.pop(name, None)
        if blocked is not None:
            blocked.wake()

    def _wake_all(self) -> None:
        for name in list(self._waiting):
            self._wake(name)
