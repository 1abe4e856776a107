"""The faults that were asked for: which calls of the bot meet one, and how often they did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from emulator.call import Call
from emulator.control.answers import graph_error, trouble
from emulator.exchange import Failure, Headers, Outcome, Reply
from emulator.faults import FailAfter, FailBefore, Fault, Slowed, Withheld
from emulator.kernel import Kernel

Kind = Literal["refused", "reset", "hang", "slow", "status"]
Service = Literal["qstash", "graph", "firestore"]

USUAL_STATUS = 503
REFUSED = Failure("refused", "connection refused")
RESET = Failure("reset", "the connection was lost")


@dataclass(slots=True, eq=False)
class Trouble:
    """One fault, for the calls to a service (only those of `verb`, if it is given) that come until
    `until` (seconds of the clock), `calls` of them at most, after `after` were spared.

    With `accepted` the service does what it was asked, and the bot is not told.
    """

    id: str
    service: Service
    kind: Kind
    verb: str | None = None
    calls: int | None = None
    until: float | None = None
    after: int = 0
    accepted: bool = False
    status: int | None = None
    code: int | None = None
    subcode: int | None = None
    headers: Headers = ()
    body: bytes | None = None
    delay_s: float = 0.0
    met: int = 0
    spared: int = 0

    def befalls(self, call: Call, now: float) -> bool:
        """Whether this call meets it; counts."""
        if call.service != self.service or self.verb not in (None, call.access.verb):
            return False
        if self.over(now):
            return False
        if self.spared < self.after:
            self.spared += 1
            return False
        self.met += 1
        return True

    def over(self, now: float) -> bool:
        """Whether no further call can meet it."""
        spent = self.calls is not None and self.met >= self.calls
        return spent or (self.until is not None and now >= self.until)

    def fault(self, unix: float) -> Fault:
        """What comes of a call that meets it."""
        match self.kind:
            case "slow":
                return Slowed(self.delay_s)
            case "hang":
                return Withheld(effect=self.accepted)
        outcome = self._outcome(unix)
        return FailAfter(outcome) if self.accepted else FailBefore(outcome)

    def _outcome(self, unix: float) -> Outcome:
        if self.kind == "status":
            if self.code is None:
                usual = trouble(self.service, self.status or USUAL_STATUS, unix=unix)
            else:
                usual = graph_error(self.code, self.subcode, status=self.status)
            body = usual.body if self.body is None else self.body
            own = {name.lower() for name, _ in self.headers}
            kept = tuple(pair for pair in usual.headers if pair[0].lower() not in own)
            return Reply(usual.status, (*kept, *self.headers), body)
        return REFUSED if self.kind == "refused" else RESET


class Faults:
    """A plan for the gate: of the faults that are asked for, the first that befalls a call."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._asked: dict[str, Trouble] = {}
        self._count = 0

    def __call__(self, call: Call) -> Fault | None:
        clock = self._kernel.clock
        for asked in self._asked.values():
            if asked.befalls(call, clock.now):
                return asked.fault(clock.bot_unix)
        return None

    @property
    def asked(self) -> Sequence[Trouble]:
        """All that were asked for and not taken back, those that are over included."""
        return list(self._asked.values())

    def new_id(self) -> str:
        self._count += 1
        return f"f{self._count - 1}"

    def add(self, asked: Trouble) -> None:
        self._asked[asked.id] = asked

    def remove(self, fault_id: str) -> Trouble | None:
        """Take one back; None when there is none of this id."""
        return self._asked.pop(fault_id, None)

    def clear(self) -> int:
        """Take all of them back; returns how many there were."""
        count = len(self._asked)
        self._asked.clear()
        return count
