"""Messages as plain records: what was asked for, where it came from, and how far it got."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from emulator.delivery import retry_name
from emulator.exchange import Headers, Reply
from emulator.qstash.expression import Expression
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
    """One accepted-as-valid publish request.

    `header` is what is forwarded, `Content-Type` included, in canonical case.
    """

    url: str
    method: str
    body: bytes
    header: Headers
    delay_s: float
    retries: int
    timeout_s: float | None
    retry_delay: Expression | None
    dedup_key: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who publishes, causally.

    `take_name` draws the publish name; it is called only when a message is really made.
    """

    take_name: Callable[[], str]
    call_name: str
    caller_ip: str
    roots: tuple[str, ...] = ()
    generation: int = 1
    routes: tuple[str, ...] = ()
    cause: int = -1


@dataclass(slots=True, eq=False)
class Message:
    """One message.

    `retried` counts the retries begun, `entry` is its publish in the journal, times are Unix
    milliseconds.
    """

    id: str
    name: str
    publish: Publish
    caller_ip: str
    created_ms: int
    not_before_ms: int
    roots: tuple[str, ...]
    generation: int
    routes: tuple[str, ...]
    entry: int
    state: State = State.CREATED
    retried: int = 0
    cancel_requested: bool = False
    timer: Step | None = field(default=None, repr=False)

    @property
    def attempt_name(self) -> str:
        """The causal name of the attempt that is under way or comes next."""
        return retry_name(self.name, self.retried)


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

    id: str
    time_ms: int
    message: Message
    reply: Reply | None
