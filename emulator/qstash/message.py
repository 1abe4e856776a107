"""Messages as plain records: what was asked for, where it came from, and how far it got."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from emulator.delivery import retry_name
from emulator.exchange import Headers, Reply
from emulator.qstash.expression import Expression
from emulator.qstash.flow import FlowControl, Lane
from emulator.qstash.ledger import Place, format_place
from emulator.qstash.queues import MessageQueue
from emulator.qstash.redact import Redact
from emulator.qstash.workflow_run import Part, Run
from emulator.step import Step


class State(Enum):
    """Where a message is, and what a log entry says happened to it (QStash docs, "Debug logs")."""

    CREATED = "CREATED"
    ACTIVE = "ACTIVE"
    RETRY = "RETRY"
    ERROR = "ERROR"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    CANCELED = "CANCELED"
    # Never logged: the kernel cut the user message it works for, so nothing more is delivered for
    # it.
    HELD = "HELD"


FINAL = frozenset({State.DELIVERED, State.FAILED, State.CANCELED, State.HELD})


@dataclass(frozen=True, slots=True)
class Publish:
    """What a publish request asks for, but for its content: most messages of an application ask for
    the same, and it is kept once for all of them.

    `header` is what is forwarded, `Content-Type` included, in canonical case. `topic` and
    `endpoint` are the URL group and the endpoint's name in it, `queue` the queue it goes through.
    """

    url: str
    method: str
    header: Headers
    delay_s: float
    retries: int
    timeout_s: float | None
    retry_delay: Expression | None
    labels: tuple[str, ...] = ()
    callback: "Callback | None" = None
    failure_callback: "Callback | None" = None
    flow: FlowControl | None = None
    redact: Redact | None = None
    queue: str = ""
    topic: str = ""
    endpoint: str = ""
    schedule_id: str = ""
    workflow: Part | None = None


class Post(NamedTuple):
    """One accepted-as-valid publish request. The key is empty when nothing is deduplicated."""

    publish: Publish
    body: bytes
    dedup_key: str = ""


@dataclass(frozen=True, slots=True)
class Callback:
    """Where and how to report on a message, by a message of its own.

    `header` is what is forwarded to it. Without `retries` it is tried as often as the message that
    it reports on (QStash docs, "Callbacks").
    """

    url: str
    method: str
    header: Headers
    delay_s: float
    retries: int | None
    timeout_s: float | None
    retry_delay: Expression | None
    failure_callback: "Callback | None" = None
    flow: FlowControl | None = None
    workflow: Part | None = None

    def report(self, source: Publish) -> Publish:
        """The message that reports on `source`."""
        return Publish(
            url=self.url,
            method=self.method,
            header=(*self.header, ("Content-Type", "application/json")),
            delay_s=self.delay_s,
            retries=source.retries if self.retries is None else self.retries,
            timeout_s=self.timeout_s,
            retry_delay=self.retry_delay,
            failure_callback=self.failure_callback,
            flow=self.flow,
            workflow=self.workflow,
        )


class Origin(NamedTuple):
    """Where a message comes from, causally.

    `take_name` draws its name; it is called only when a message is really made. One that is not
    `counted` is no publish of the bot's, such as a callback: it leaves no entry of its own in the
    journal and has that of `cause`. `source` is the id of the message that a callback reports on,
    `reports_on` that message itself while somebody waits for the callback's end.
    """

    take_name: Callable[[], str]
    call_name: str
    caller_ip: str
    roots: tuple[str, ...] = ()
    generation: int = 1
    routes: tuple[str, ...] = ()
    cause: int = -1
    counted: bool = True
    source: str = ""
    reports_on: "Message | None" = None


@dataclass(slots=True, eq=False)
class Message:
    """One message.

    `content` is what was published, `dedup_key` the key that it took, if any. `retried` counts the
    retries begun, `repeats` the deliveries made again after the one that succeeded, `entry` is the
    publish in the journal that led to it. Times are Unix milliseconds, but `due` and `ended_at` are
    in seconds of the world's clock, the latter None before the end.

    Where it is, before its end: it has a `timer`, or `waits` for its time by a number of its own,
    or is in a `line`, or an attempt is under way, and then it takes up room in its `lane`. In its
    `queue` it `has_turn` until it has ended and the `open_reports`, callbacks that have not, are
    done. `place` is that of its step in its `run`, which is delivered up to there.
    """

    id: str
    name: str
    publish: Publish
    content: bytes
    caller_ip: str
    created_ms: int
    roots: tuple[str, ...]
    generation: int
    routes: tuple[str, ...]
    entry: int
    dedup_key: str = ""
    source: str = ""
    state: State = State.CREATED
    retried: int = 0
    repeats: int = 0
    cancel_requested: bool = False
    lose_answer: bool = False
    ended_at: float | None = None
    due: float = 0.0
    timer: Step | None = field(default=None, repr=False)
    waits: int = 0
    line: "OrderedDict[str, Message] | None" = field(default=None, repr=False)
    lane: Lane | None = field(default=None, repr=False)
    queue: MessageQueue | None = field(default=None, repr=False)
    has_turn: bool = False
    open_reports: int = 0
    reports_on: "Message | None" = field(default=None, repr=False)
    run: Run | None = field(default=None, repr=False)
    place: int | None = None

    @property
    def body(self) -> bytes:
        """What is delivered: what was published, or what its run has collected up to it."""
        if self.run is None or self.place is None:
            return self.content
        return self.run.body(self.place)

    @property
    def is_held_back(self) -> bool:
        """Whether no attempt is under way, and none has to be waited for to cancel it."""
        return bool(self.waits) or self.timer is not None or self.line is not None

    @property
    def not_before_ms(self) -> int:
        """When the first attempt was due."""
        return self.created_ms + round(self.publish.delay_s * 1_000)

    @property
    def attempt_name(self) -> str:
        """The causal name of the attempt that is under way or comes next."""
        return retry_name(self.name, self.retried + self.repeats)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the log. `reply` and `error` belong to failed attempts."""

    time_ms: int
    message: Message
    state: State
    next_delivery_ms: int | None = None
    reply: Reply | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message whose attempts are used up. `reply` is None when the last one had no response."""

    place: Place
    message: Message
    reply: Reply | None

    @property
    def id(self) -> str:
        return format_place(self.place)
