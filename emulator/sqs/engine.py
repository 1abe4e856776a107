"""The engine: queues, and each message from its sending to its end. It knows no HTTP surface, and
nothing of who receives.
"""

import base64
import binascii
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol
from uuid import UUID

from emulator.errors import ScenarioError
from emulator.exchange import Request
from emulator.kernel import Kernel
from emulator.queue_notes import note_dead, note_duplicate, note_publish
from emulator.sqs.errors import (
    bad_handle,
    deleted_recently,
    invalid_value,
    no_queue,
    not_in_flight,
    purged_recently,
    queue_exists,
)
from emulator.sqs.line import Line
from emulator.sqs.message import Message, NewMessage, Origin
from emulator.sqs.settings import ARN_BASE, Settings, name_of_arn

# SQS docs, "Exactly-once processing": how long a deduplication id is known.
DEDUP_WINDOW_S = 300.0
# SQS docs, "PurgeQueue" and "DeleteQueue".
PURGE_GAP_S = 60.0
NAME_FREE_AFTER_S = 60.0
# A request of the free tier and beyond is one for every 64 KB (SQS pricing page).
BILLED_BYTES = 65_536

# Lines of the log, and messages that were deleted, that are kept.
KEEP_OPERATIONS = 10_000
KEEP_ENDED = 10_000

_HANDLE = re.compile(r"([0-9a-f-]{36}) ([0-9]+) ([0-9A-Za-z_-]{24}) (.+)")


class Operation(NamedTuple):
    """What happened to a message: `what` is `sent`, `received`, `deleted`, or `dead`."""

    unix: float
    what: str
    message_id: str
    queue: str
    status: int = 0
    received: int = 0


class Watcher(Protocol):
    """Who wants to know when messages of a queue can be received."""

    def awaits(self, message: Message) -> None:
        """A message is visible at its `visible_at`, which may be now."""

    def gone(self, message: Message) -> None:
        """A message was taken away, or to the dead letters."""


class MessageQueue:
    """One queue with its messages, oldest first."""

    def __init__(self, name: str, settings: Settings, created_unix: float) -> None:
        self.name = name
        self.settings = settings
        self.created_unix = created_unix
        self.modified_unix = created_unix
        self.arn = ARN_BASE + name
        self.messages: OrderedDict[str, Message] = OrderedDict()
        self.line = Line(grouped=settings.fifo)
        self.watchers: list[Watcher] = []
        self.tags: dict[str, str] = {}
        self.purged_at = -PURGE_GAP_S
        self.sent = 0
        # By deduplication id: when its message was sent, and which that was. Known although that
        # message was received and deleted (SQS docs, "FIFO queue key terms").
        self.known: OrderedDict[tuple[str, str], tuple[float, Message]] = OrderedDict()


class Engine:
    """All queues of the account.

    `published` counts the messages accepted as new, `requests` calls as they are billed. Kept:
    messages until they are deleted or too old, deduplication ids for their five minutes, and a
    bounded number of messages that were deleted and of operations.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.published = 0
        self.requests = 0
        self.queues: dict[str, MessageQueue] = {}
        self.operations: deque[Operation] = deque(maxlen=KEEP_OPERATIONS)
        # Where a queue's messages are delivered, for the journal.
        self.address_of: Callable[[str], str] = lambda queue: ""
        self._kernel = kernel
        self._gone_queues: dict[str, float] = {}
        self._ended: OrderedDict[str, Message] = OrderedDict()

    # -- queues ------------------------------------------------------------------------------------

    def queue(self, name: str) -> MessageQueue:
        """The queue of this name; raises RefusedError when there is none."""
        queue = self.queues.get(name)
        if queue is None:
            raise no_queue()
        return queue

    def add_queue(self, name: str, settings: Settings, given: frozenset[str]) -> MessageQueue:
        """The queue of this name, made if there is none. Raises RefusedError when there is one that
        differs in what was given, or was one until a minute ago.
        """
        there = self.queues.get(name)
        if there is not None:
            own, wanted = there.settings.shown(), settings.shown()
            for attribute in sorted(given):
                if own.get(attribute) != wanted.get(attribute):
                    raise queue_exists(attribute)
            return there
        gone = self._gone_queues.pop(name, None)
        if gone is not None and self._kernel.clock.now - gone < NAME_FREE_AFTER_S:
            self._gone_queues[name] = gone
            raise deleted_recently()
        queue = self.queues[name] = MessageQueue(name, settings, self._kernel.clock.unix)
        return queue

    def delete_queue(self, queue: MessageQueue) -> None:
        """Take a queue away with all that is in it."""
        self._empty(queue)
        del self.queues[queue.name]
        self._gone_queues[queue.name] = self._kernel.clock.now

    def purge(self, queue: MessageQueue) -> None:
        """Take all messages away, those in flight too. Raises RefusedError within a minute of the
        last time.
        """
        now = self._kernel.clock.now
        if now - queue.purged_at < PURGE_GAP_S:
            raise purged_recently(queue.name)
        queue.purged_at = now
        self._empty(queue)

    def sources_of(self, queue: MessageQueue) -> Iterator[MessageQueue]:
        """The queues whose dead letters come to this one."""
        return (one for one in self.queues.values() if one.settings.redrive_arn == queue.arn)

    @property
    def unix(self) -> float:
        return self._kernel.clock.unix

    def charge(self, size_bytes: int = 0, *, times: int = 1) -> None:
        """Count a call as it is billed."""
        self.requests += times * max(1, -(-size_bytes // BILLED_BYTES))

    # -- messages ----------------------------------------------------------------------------------

    def send(self, queue: MessageQueue, new: NewMessage, origin: Origin) -> Message:
        """Take a message; the first of its deduplication id, when that is known."""
        first = self._first(queue, new)
        if first is not None:
            self._note_duplicate(queue, new, origin, first)
            return first
        clock, name = self._kernel.clock, origin.take_name()
        delay_s = queue.settings.delay_s if new.delay_s is None else new.delay_s
        queue.sent += 1
        message = Message(
            id=self._uuid(f"sqs/message/{name}"),
            name=name,
            queue=queue.name,
            new=new,
            order=queue.sent,
            sent_at=clock.now,
            sent_unix=clock.unix,
            visible_at=clock.now + delay_s,
            origin=origin,
            entry=origin.cause,
        )
        self.published += 1
        url = self.address_of(queue.name)
        message.entry = note_publish(
            self._kernel,
            name,
            message_id=message.id,
            url=url,
            route=Request("POST", url).raw_path if url else "",
            dedup=new.dedup,
            delay_s=delay_s,
            cause=origin.cause,
            roots=origin.roots,
            generation=origin.generation,
        )
        if queue.settings.fifo:
            queue.known[self._dedup_key(queue, new)] = clock.now, message
        self._log("sent", queue, message)
        self._put(queue, message)
        return message

    def receive(self, queue: MessageQueue, most: int, visibility_s: float | None) -> list[Message]:
        """The next messages, up to `most`, in flight for so long or for as long as the queue says.

        What was handed out too often goes to the dead letters instead (SQS docs, "Using dead-letter
        queues"), and what is too old is dropped.
        """
        self._expire(queue)
        clock = self._kernel.clock
        until = clock.now + (queue.settings.visibility_s if visibility_s is None else visibility_s)
        refused: list[Message] = []
        aged: list[Message] = []
        latest = clock.now - queue.settings.retention_s

        def is_fit(message: Message) -> bool:
            settings = queue.settings
            if message.sent_at <= latest:
                # A dead letter, which came later than others that were sent after it.
                aged.append(message)
                return False
            fit = not settings.redrive_arn or message.received < settings.max_receives
            if not fit:
                refused.append(message)
            return fit

        taken = queue.line.take(clock.now, until, most, is_fit)
        for message in taken:
            message.received += 1
            message.first_received_unix = message.first_received_unix or clock.unix
            message.handle = self._handle(queue, message)
            self._log("received", queue, message)
            self._tell(queue, message)
        for message in refused:
            self._redrive(queue, message)
        for message in aged:
            self._take_out(queue, message)
        return taken

    def delete(self, queue: MessageQueue, handle: str) -> None:
        """Delete what was received with this handle; nothing happens if it is not the latest of its
        message, or that is gone. Raises RefusedError for what is no handle of this queue, and in a
        FIFO queue for one whose time is over.
        """
        message = self._held(queue, handle)
        if message is None:
            return
        if message.place != "in flight" and queue.settings.fifo:
            raise invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.")
        self._take_out(queue, message)
        self._log("deleted", queue, message)
        self._ended[message.id] = message
        if len(self._ended) > KEEP_ENDED:
            self._ended.popitem(last=False)

    def change_visibility(self, queue: MessageQueue, handle: str, visibility_s: int) -> None:
        """Have a message in flight become visible so many seconds from now. Raises RefusedError
        when it is not in flight.
        """
        message = self._held(queue, handle)
        if message is None or message.place != "in flight":
            raise not_in_flight()
        queue.line.hide(message, self._kernel.clock.now + visibility_s)
        self._tell(queue, message)

    def counts(self, queue: MessageQueue) -> tuple[int, int, int]:
        """How many messages are waiting, in flight, and delayed."""
        self._expire(queue)
        queue.line.surface(self._kernel.clock.now)
        counts = queue.line.counts
        return counts["waiting"], counts["in flight"], counts["delayed"]

    def pending(self) -> int:
        """Messages in all queues but those of dead letters."""
        dead = {queue.settings.redrive_arn for queue in self.queues.values()}
        return sum(len(one.messages) for one in self.queues.values() if one.arn not in dead)

    def ended(self, message_id: str) -> Message:
        """A message that was deleted. Raises ScenarioError if it was not, or is no longer known."""
        message = self._ended.get(message_id)
        if message is None:
            raise ScenarioError(f"message {message_id} is not done, so it can't come again")
        return message

    def find(self, message_id: str) -> Message | None:
        """The message of this id, wherever it waits."""
        for queue in self.queues.values():
            if message_id in queue.messages:
                return queue.messages[message_id]
        return None

    def renew_handle(self, queue: MessageQueue, message: Message) -> None:
        """Hand out a deleted message once more, as at-least-once delivery may."""
        message.received += 1
        message.handle = self._handle(queue, message)

    # -- inside ------------------------------------------------------------------------------------

    def _put(self, queue: MessageQueue, message: Message) -> None:
        queue.messages[message.id] = message
        queue.line.put(message, self._kernel.clock.now)
        self._tell(queue, message)

    def _tell(self, queue: MessageQueue, message: Message) -> None:
        for watcher in queue.watchers:
            watcher.awaits(message)

    def _take_out(self, queue: MessageQueue, message: Message) -> None:
        if message.place != "gone":
            queue.line.remove(message)
        queue.messages.pop(message.id, None)
        for watcher in queue.watchers:
            watcher.gone(message)

    def _empty(self, queue: MessageQueue) -> None:
        for message in list(queue.messages.values()):
            self._take_out(queue, message)
        queue.line = Line(grouped=queue.settings.fifo)

    def _first(self, queue: MessageQueue, new: NewMessage) -> Message | None:
        if not queue.settings.fifo:
            return None
        known, latest = queue.known, self._kernel.clock.now - DEDUP_WINDOW_S
        while known and next(iter(known.values()))[0] <= latest:
            known.popitem(last=False)
        found = known.get(self._dedup_key(queue, new))
        return found[1] if found is not None else None

    def _dedup_key(self, queue: MessageQueue, new: NewMessage) -> tuple[str, str]:
        return new.group if queue.settings.dedup_by_group else "", new.dedup

    def _note_duplicate(
        self, queue: MessageQueue, new: NewMessage, origin: Origin, first: Message
    ) -> None:
        note_duplicate(
            self._kernel,
            origin.call_name,
            message_id=first.id,
            url=self.address_of(queue.name),
            dedup=new.dedup,
            cause=origin.cause,
            roots=origin.roots,
            generation=origin.generation,
        )

    def _redrive(self, queue: MessageQueue, message: Message) -> None:
        """Move a message to the dead letters. In a standard queue its age goes on, in a FIFO one it
        begins anew (SQS docs, "Using dead-letter queues").
        """
        self._take_out(queue, message)
        target = self.queues.get(name_of_arn(queue.settings.redrive_arn))
        self._note_dead(queue, message, message.id if target is not None else "")
        if target is None:
            return
        now = self._kernel.clock.now
        target.sent += 1
        message.order = target.sent
        message.queue = target.name
        message.visible_at = now
        message.dead_letter_of = queue.arn
        if target.settings.fifo:
            message.sent_at, message.sent_unix = now, self._kernel.clock.unix
        self._put(target, message)

    def _expire(self, queue: MessageQueue) -> None:
        """Drop what was kept for too long; messages are in the order in which they were sent."""
        latest = self._kernel.clock.now - queue.settings.retention_s
        while queue.messages:
            oldest = next(iter(queue.messages.values()))
            if oldest.sent_at > latest:
                return
            self._take_out(queue, oldest)
            if not oldest.dead_letter_of:
                self._note_dead(queue, oldest, "")

    def _note_dead(self, queue: MessageQueue, message: Message, dlq_id: str) -> None:
        self._log("dead", queue, message)
        note_dead(
            self._kernel,
            message.name,
            message_id=message.id,
            dlq_id=dlq_id,
            status=message.last_status,
            attempts=message.received,
            cause=message.entry,
            roots=message.origin.roots,
            generation=message.origin.generation,
        )

    def _uuid(self, name: str) -> str:
        return str(UUID(bytes=self._kernel.chance.bits(name, 16), version=4))

    def _handle(self, queue: MessageQueue, message: Message) -> str:
        """A new receipt handle: opaque, and another one each time."""
        drawn = self._kernel.chance.text(f"sqs/handle/{message.attempt_name}", 24)
        text = f"{message.id} {message.received} {drawn} {queue.name}"
        return base64.b64encode(text.encode()).decode()

    def _held(self, queue: MessageQueue, handle: str) -> Message | None:
        """The message that a handle is the latest of. Raises RefusedError for what is none."""
        try:
            text = base64.b64decode(handle, validate=True).decode()
        except (binascii.Error, ValueError):
            raise bad_handle(handle) from None
        found = _HANDLE.fullmatch(text)
        if found is None or found[4] != queue.name:
            raise bad_handle(handle)
        # Before it becomes visible again by time that has passed.
        queue.line.surface(self._kernel.clock.now)
        message = queue.messages.get(found[1])
        return message if message is not None and message.handle == handle else None

    def _log(self, what: str, queue: MessageQueue, message: Message) -> None:
        self.operations.append(
            Operation(
                self._kernel.clock.unix,
                what,
                message.id,
                queue.name,
                message.last_status,
                message.received,
            )
        )
