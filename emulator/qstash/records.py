"""What is kept of messages: the log, the dead letters, and the lines in the world's journal."""

from collections.abc import Callable
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from emulator.exchange import Reply, Request
from emulator.kernel import Kernel
from emulator.qstash.ledger import Ledger, Place
from emulator.qstash.message import DeadLetter, LogEntry, Message, Origin, Post, Publish, State
from emulator.qstash.plan import Plan
from emulator.qstash.spilled import dead_coding, log_coding
from emulator.queue_notes import note_dead, note_duplicate, note_publish


class Watch(Protocol):
    """Somebody who is told of everything that happens to messages, as it happens."""

    def wrote(self, place: Place, entry: LogEntry) -> None:
        """A line was added to the log."""

    def touched(self, message: Message) -> None:
        """Something changed in a message that the log says nothing of."""

    def buried(self, letter: DeadLetter) -> None:
        """A message went to the dead letters."""

    def dropped(self, place: Place) -> None:
        """A dead letter was taken out."""


# Responses of failed attempts that are kept whole, of the log and of the dead letters (bytes); of
# older ones only the status is. A destination may answer anything, any number of times.
KEEP_REPLY_BYTES = 32 * 1024 * 1024
# Most answers are short, and not worth counting.
_HEAVY_BYTES = 1_024

Record = TypeVar("Record", LogEntry, DeadLetter)


class _Replies(Generic[Record]):
    """The weight of records: their replies."""

    def weigh(self, record: Record) -> int:
        reply = record.reply
        if reply is None:
            return 0
        weight = len(reply.body) + sum(len(name) + len(value) for name, value in reply.headers)
        return weight if weight > _HEAVY_BYTES else 0

    def lighten(self, record: Record) -> Record:
        reply = record.reply
        return record if reply is None else replace(record, reply=Reply(reply.status))


class Records:
    """The log and the dead-letter queue of one account, kept as long as the plan says, and no more
    of them in memory than is bounded. `watch` is told of each change, if there is one, and `rejoin`
    of each message that was read back from disk.
    """

    __slots__ = ("_kernel", "_now_ms", "_unix", "dead", "log", "watch")

    def __init__(
        self, kernel: Kernel, plan: Plan, rejoin: Callable[[Message], None] = lambda message: None
    ) -> None:
        self.watch: Watch | None = None
        self._kernel = kernel
        self._unix = -1.0
        self._now_ms = -1
        self.log: Ledger[LogEntry] = Ledger(
            keep_s=plan.log_retention_s,
            keep_records=plan.max_log_entries,
            keep_bytes=KEEP_REPLY_BYTES,
            weighing=_Replies[LogEntry](),
            coding=log_coding(rejoin),
        )
        self.dead: Ledger[DeadLetter] = Ledger(
            keep_s=plan.dlq_retention_s,
            keep_records=plan.max_dead_letters,
            keep_bytes=KEEP_REPLY_BYTES,
            weighing=_Replies[DeadLetter](),
            coding=dead_coding(rejoin),
        )

    @property
    def now_ms(self) -> int:
        """The time of the world in Unix milliseconds."""
        unix = self._kernel.clock.unix
        if unix != self._unix:
            # One number for everything that happens at a time.
            self._unix, self._now_ms = unix, round(unix * 1_000)
        return self._now_ms

    def write(
        self,
        message: Message,
        state: State,
        *,
        next_delivery_ms: int | None = None,
        reply: Reply | None = None,
        error: str | None = None,
    ) -> None:
        """Add a line to the log."""
        place = self.log.reserve(self.now_ms)
        entry = LogEntry(place[0], message, state, next_delivery_ms, reply, error)
        self.log.add(place, entry)
        if self.watch is not None:
            self.watch.wrote(place, entry)

    def touch(self, message: Message) -> None:
        """Something changed in a message that the log says nothing of."""
        if self.watch is not None:
            self.watch.touched(message)

    def bury(self, message: Message, reply: Reply | None) -> DeadLetter:
        """Put a message that failed for good into the dead-letter queue."""
        place = self.dead.reserve(self.now_ms)
        letter = DeadLetter(place, message, reply)
        self.dead.add(place, letter)
        if self.watch is not None:
            self.watch.buried(letter)
        note_dead(
            self._kernel,
            message.name,
            message_id=message.id,
            dlq_id=letter.id,
            status=reply.status if reply is not None else 0,
            attempts=message.retried + 1,
            cause=message.entry,
            roots=message.roots,
            generation=message.generation,
        )
        return letter

    def drop(self, letter: DeadLetter) -> None:
        """Take a dead letter out of the queue; nothing happens when it is gone."""
        self.dead.remove(letter.place, self.now_ms)
        if self.watch is not None:
            self.watch.dropped(letter.place)

    def note_publish(self, message: Message, origin: Origin) -> int:
        """Put on record that the bot published something; returns the number of the entry."""
        publish = message.publish
        return note_publish(
            self._kernel,
            message.name,
            message_id=message.id,
            url=publish.url,
            route=route(publish),
            dedup=message.dedup_key,
            delay_s=publish.delay_s,
            cause=origin.cause,
            roots=origin.roots,
            generation=origin.generation,
        )

    def note_duplicate(self, first: str, post: Post, origin: Origin) -> None:
        """Put on record that a publish was swallowed in favour of the message `first`."""
        note_duplicate(
            self._kernel,
            origin.call_name,
            message_id=first,
            url=post.publish.url,
            dedup=post.dedup_key,
            cause=origin.cause,
            roots=origin.roots,
            generation=origin.generation,
        )


def route(publish: Publish) -> str:
    """The path that a message goes to."""
    return Request(publish.method, publish.url).raw_path
