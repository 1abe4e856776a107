"""Queues: messages that are delivered one after the other, or a few at a time."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.qstash.plan import Plan
from emulator.qstash.refusal import Refused

if TYPE_CHECKING:
    from emulator.qstash.message import Message

DEFAULT_PARALLELISM = 1  # QStash REST description, enqueue: a queue that is made on the way


class MessageQueue:
    """One queue.

    `waiting` have not had their turn; `active` counts those that have, until they ended and their
    callbacks did. `held` are due for an attempt while the queue is paused. `lag` counts the
    messages that have not ended. Times are Unix milliseconds.
    """

    __slots__ = (
        "active",
        "created_ms",
        "held",
        "lag",
        "name",
        "parallelism",
        "paused",
        "pumping",
        "updated_ms",
        "waiting",
    )

    def __init__(self, name: str, now_ms: int, *, parallelism: int = DEFAULT_PARALLELISM) -> None:
        self.name = name
        self.parallelism = parallelism
        self.created_ms = self.updated_ms = now_ms
        self.paused = False
        self.active = 0
        self.lag = 0
        self.waiting: OrderedDict[str, Message] = OrderedDict()
        self.held: OrderedDict[str, Message] = OrderedDict()
        self.pumping = False

    def take(self) -> "Message | None":
        """The message whose turn it is, now active; None when there is none."""
        if self.paused or not self.waiting or self.active >= self.parallelism:
            return None
        _, message = self.waiting.popitem(last=False)
        message.line = None
        message.has_turn = True
        self.active += 1
        return message

    def put_back(self, message: "Message") -> None:
        """Keep a message that is due until the queue is resumed."""
        self.held[message.id] = message
        message.line = self.held

    def release_held(self) -> list["Message"]:
        """The messages that were due while the queue was paused."""
        held = list(self.held.values())
        self.held.clear()
        for message in held:
            message.line = None
        return held


class Queues:
    """The queues of one account, by name.

    `begin` is called with a message whose turn it is, `ready` with one that was due while its queue
    was paused, `cancel` with the id of one whose queue is gone.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        begin: "Callable[[Message], None]",
        ready: "Callable[[Message], None]",
        cancel: Callable[[str], object],
    ) -> None:
        self._plan = plan
        self._begin = begin
        self._ready = ready
        self._cancel = cancel
        self._queues: dict[str, MessageQueue] = {}

    def find(self, name: str) -> MessageQueue | None:
        return self._queues.get(name)

    def all(self) -> list[MessageQueue]:
        """Oldest first."""
        return list(self._queues.values())

    def put_back(self, queue: MessageQueue) -> None:
        """Add a queue of an earlier time."""
        self._queues[queue.name] = queue

    def rejoin(self, message: "Message", queue: MessageQueue, *, begun: bool) -> None:
        """Put back a message of an earlier time, in the order of joining; `changed` has the queue
        go on. One that had `begun` has its turn still, and a message that ended has it as long as
        it has open reports.
        """
        message.queue = queue
        if message.ended_at is None:
            queue.lag += 1
        if begun:
            message.has_turn = True
            queue.active += 1
        else:
            queue.waiting[message.id] = message
            message.line = queue.waiting

    def provide(self, name: str, now_ms: int) -> MessageQueue:
        """The queue, new if there is none; raises Refused (412) when the plan has no room."""
        queue = self._queues.get(name)
        if queue is None:
            most = self._plan.max_queues
            if len(self._queues) >= most:
                raise Refused(412, f"quota maxQueues exceeded, current limit: {most}")
            queue = self._queues[name] = MessageQueue(name, now_ms)
        return queue

    def delete(self, name: str) -> None:
        """Delete a queue, if there is one, and cancel what waits in it for its turn."""
        queue = self._queues.pop(name, None)
        if queue is not None:
            # Those whose turn it is still have attempts to come, and nobody could resume it.
            queue.paused = False
            for message_id in (*queue.waiting, *queue.held):
                self._cancel(message_id)

    def join(self, message: "Message", queue: MessageQueue) -> None:
        """Put a message at the end of the queue."""
        message.queue = queue
        queue.lag += 1
        queue.waiting[message.id] = message
        message.line = queue.waiting
        self._pump(queue)

    def leave(self, message: "Message") -> None:
        """Make room for the next; nothing happens when the message has no turn."""
        if message.queue is not None and message.has_turn:
            message.has_turn = False
            message.queue.active -= 1
            self._pump(message.queue)

    def changed(self, queue: MessageQueue) -> None:
        """A queue was paused or resumed, or has another parallelism."""
        if not queue.paused:
            for message in queue.release_held():
                self._ready(message)
        self._pump(queue)

    def _pump(self, queue: MessageQueue) -> None:
        """Have messages begin whose turn it is; one that is cut makes room at once."""
        if queue.pumping:
            return
        queue.pumping = True
        while (message := queue.take()) is not None:
            self._begin(message)
        queue.pumping = False
