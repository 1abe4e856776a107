"""Tasks and queues as plain records: what was asked for, and how far it got."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from emulator.cloudtasks.rules import RateLimits, RetryConfig
from emulator.delivery import retry_name
from emulator.exchange import Headers
from emulator.step import Step


@dataclass(frozen=True, slots=True)
class OidcToken:
    """An identity token for this account goes along; without an audience it is for the URL."""

    account: str
    audience: str = ""


@dataclass(frozen=True, slots=True)
class OAuthToken:
    """An access token of this account goes along."""

    account: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class HttpCall:
    """The request that a task is."""

    url: str
    method: str = "POST"
    headers: Headers = ()
    body: bytes = b""
    token: OidcToken | OAuthToken | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """What CreateTask asks for, read and found right. `schedule_unix` is None for now; an empty
    name is for the service to choose.
    """

    queue: str
    call: HttpCall
    name: str = ""
    schedule_unix: float | None = None
    deadline_s: float = 600.0
    retry: RetryConfig | None = None


class Origin(NamedTuple):
    """Where a task comes from, causally. `take_name` draws its name; it is called only when a task
    is really made.
    """

    take_name: Callable[[], str]
    call_name: str
    roots: tuple[str, ...] = ()
    generation: int = 1
    routes: tuple[str, ...] = ()
    cause: int = -1


class Attempt(NamedTuple):
    """One attempt as the service remembers it; unix seconds. `code` and `message` are those of its
    google.rpc.Status.
    """

    scheduled: float
    dispatched: float
    responded: float | None = None
    code: int = 0
    message: str = ""


@dataclass(slots=True, eq=False)
class Task:
    """One task.

    `cause_name` is its causal name. `due` is when its next attempt is (seconds of the clock).
    `dispatches` counts attempts, `responses` those that were answered, `executions` those answered
    with something else than 5xx. `previous` is the status of the attempt before, None when that
    brought none. `under_way` counts attempts that have no outcome yet, more than one only after a
    RunTask; `repeats` deliveries made again for want of trouble.
    """

    name: str
    cause_name: str
    new: NewTask
    created_unix: float
    created: float
    due: float
    roots: tuple[str, ...]
    generation: int
    routes: tuple[str, ...]
    entry: int
    dispatches: int = 0
    responses: int = 0
    executions: int = 0
    first: Attempt | None = None
    first_at: float = 0.0
    last: Attempt | None = None
    previous: int | None = None
    reason: str = ""
    under_way: int = 0
    repeats: int = 0
    lose_answer: bool = False
    done: bool = False
    timer: Step | None = field(default=None, repr=False)

    @property
    def attempt_name(self) -> str:
        """The causal name of the attempt that is under way or comes next."""
        # A dispatch counts as soon as it begins.
        return retry_name(self.cause_name, self.dispatches + self.repeats)


QueueState = Literal["RUNNING", "PAUSED"]


@dataclass(slots=True, eq=False)
class TaskQueue:
    """One queue.

    `tasks` are those that have not ended, oldest first; `ready` those of them whose time has come
    and for which there is no room. `tokens` are what the bucket held at `filled_at`; `slowed` is by
    how many halves the queue is slower than it may be, after `failed_in_a_row` failures.
    """

    name: str
    rates: RateLimits = field(default_factory=RateLimits)
    retry: RetryConfig = field(default_factory=RetryConfig)
    state: QueueState = "RUNNING"
    purged_unix: float | None = None
    sampling_ratio: float | None = None
    tasks: dict[str, Task] = field(default_factory=dict, repr=False)
    ready: OrderedDict[str, Task] = field(default_factory=OrderedDict, repr=False)
    active: int = 0
    tokens: float = 0.0
    filled_at: float = 0.0
    slowed: int = 0
    failed_in_a_row: int = 0
    timer: Step | None = field(default=None, repr=False)
