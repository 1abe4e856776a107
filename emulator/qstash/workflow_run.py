"""Workflow runs as plain records: what makes a message one of a run, and what a run has collected.

Facts about Workflow come from the source of the vendor's Workflow SDKs where no document has them.
"""

import json
from base64 import b64encode
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal

from emulator.exchange import Headers
from emulator.qstash.fields import Options
from emulator.qstash.grammar import parse_boolean

if TYPE_CHECKING:
    from emulator.qstash.message import Message, Publish

PartKind = Literal["init", "step", "wait", "toCallback", "fromCallback", "failureCall"]
CallType = Literal["step", "toCallback", "fromCallback"]

LAZY_FETCH = "LazyFetch"
# Configuration that a run's later messages have from its trigger, unless they bring their own.
_INHERITED = ("retries", "retry-delay", "label", "failure-callback", "flow-control-key")
_CALL_TYPES: dict[str, PartKind] = {
    "tocallback": "toCallback",
    "fromcallback": "fromCallback",
    "failurecall": "failureCall",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What a message is to a workflow run. `own` names the configuration that it brings itself.

    With `trigger` it asks the endpoint's SDK to begin the run, which is done `by_sdk`. `again` is
    what failed in another run and is all that this one begins with.
    """

    run_id: str
    kind: PartKind
    own: frozenset[str] = frozenset()
    invoke: bool = False
    trigger: bool = False
    by_sdk: bool = False
    again: bool = False
    features: str = ""


def read_part(options: Options) -> Part | None:
    """The part that a message with these options has in a run, None for a message of no run.

    Raises Refused (400) when it does not say which run.
    """
    run_id = options.text("workflow-runid")
    if not run_id and options.text("workflow-init") is None:
        return None
    init = options.value("workflow-init", parse_boolean, default=False)
    if not run_id:
        raise options.invalid("workflow-runid", "is needed with Upstash-Workflow-Init")
    call_type = (options.text("workflow-calltype") or "").lower()
    return Part(
        run_id=run_id,
        kind="init" if init else _CALL_TYPES.get(call_type, "step"),
        own=frozenset(name for name in _INHERITED if options.text(name) is not None),
        invoke=options.value("workflow-invoke", parse_boolean, default=False),
        by_sdk=options.value("workflow-trigger-by-sdk", parse_boolean, default=False),
        features=options.text("feature-set") or "",
    )


class RunState(Enum):
    """How far a run is, as its log says it."""

    STARTED = "RUN_STARTED"
    SUCCESS = "RUN_SUCCESS"
    FAILED = "RUN_FAILED"
    CANCELED = "RUN_CANCELED"


@dataclass(frozen=True, slots=True)
class RawStep:
    """Something that a run has collected; the first is its initial payload."""

    message_id: str
    content: bytes
    call_type: CallType
    created_ms: int

    def shown(self) -> dict[str, str]:
        """As the SDKs read it."""
        return {
            "messageId": self.message_id,
            "body": b64encode(self.content).decode(),
            "callType": self.call_type,
        }


@dataclass(frozen=True, slots=True)
class Invoker:
    """The run that waits for the end of another, and the step that it then gets."""

    run_id: str
    created_ms: int
    url: str
    headers: tuple[tuple[str, str], ...]
    step: dict[str, object]


@dataclass(slots=True, eq=False)
class Run:
    """One workflow run.

    `asked` is its trigger, `steps` are what it has collected, in the order of arrival. `open` are
    its messages that have not ended. `events` came for it before anybody waited for them. Steps of
    more than `fetched_above_bytes` are fetched by the SDK. It is `pending` while the SDK has still
    to begin it. `failure_calls` counts how often its failure function was told again on demand.
    Times are Unix milliseconds.

    `roots`, `generation` and `routes` are those of the trigger, for all of the run: that a workflow
    calls itself again and again is what it is for.
    """

    id: str
    number: int
    asked: "Publish"
    created_ms: int
    roots: tuple[str, ...]
    generation: int
    routes: tuple[str, ...]
    cause: int
    name: str = ""
    invoker: Invoker | None = None
    state: RunState = RunState.STARTED
    pending: bool = False
    ended_ms: int | None = None
    first_id: str = ""
    result: bytes = b""
    size_bytes: int = 0
    fetched_above_bytes: int | None = None
    steps: list[RawStep] = field(default_factory=list)
    open: "dict[str, Message]" = field(default_factory=dict, repr=False)
    events: dict[str, deque[bytes]] = field(default_factory=dict, repr=False)
    failure_calls: int = 0

    @property
    def url(self) -> str:
        return self.asked.url

    @property
    def initial(self) -> bytes:
        """The initial payload."""
        return self.steps[0].content if self.steps else b""

    def forget_steps(self) -> None:
        """The run is to be begun anew."""
        self.steps.clear()
        self.size_bytes = 0

    def collect(self, message_id: str, content: bytes, call_type: CallType, now_ms: int) -> int:
        """Add a step; returns its place."""
        self.steps.append(RawStep(message_id, content, call_type, now_ms))
        self.size_bytes += len(content)
        return len(self.steps) - 1

    def body(self, place: int) -> bytes:
        """What is delivered with the step at this place: all steps up to it, or nothing when the
        SDK is to fetch them.
        """
        most = self.fetched_above_bytes
        if most is not None and self.size_bytes * 4 // 3 > most:
            return b""
        shown = [step.shown() for step in self.steps[: place + 1]]
        return json.dumps(shown, separators=(",", ":")).encode()

    def told(self) -> dict[str, object]:
        """What the failure function is told of the run: its payload is taken for the source."""
        return {
            "workflowRunId": self.id,
            "workflowCreatedAt": self.created_ms,
            "sourceBody": b64encode(self.initial).decode(),
        }

    def headers(self, part: Part) -> Headers:
        """What a delivery to the workflow says about the run, beside what was forwarded; a call of
        somebody else's address says nothing.
        """
        if part.kind == "toCallback":
            return ()
        headers = [
            ("Upstash-Workflow-RunId", self.id),
            ("Upstash-Workflow-Init", "true" if part.kind == "init" else "false"),
            ("Upstash-Workflow-Url", self.url),
            ("Upstash-Workflow-CreatedAt", str(self.created_ms)),
        ]
        if part.kind in ("fromCallback", "failureCall"):
            headers.append(("Upstash-Workflow-CallType", part.kind))
        if part.trigger:
            headers.append(("Upstash-Workflow-Unknown-Sdk", "true"))
        if part.features:
            headers.append(("Upstash-Feature-Set", part.features))
        return tuple(headers)
