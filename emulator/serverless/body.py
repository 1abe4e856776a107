"""What an instance runs on, and what it lets the kernel know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from emulator.exchange import Outcome
from emulator.net import Arrival
from emulator.net.client import Place
from emulator.serverless.asleep import Watch
from emulator.serverless.background import Background


class Body(Protocol):
    """What an instance runs on: a process of ours, or a bot that somebody has started.

    `shared` tells that all instances run on this one; `stops` that it can be stopped, and `stopped`
    that it is. `escaped` are commands of processes that have left the session it was started in.
    `background` is the work that it has registered to outlive its responses, None where the
    platform offers no such thing.
    """

    name: str
    place: Place
    watch: Watch
    shared: bool
    ready: bool
    exited: int | None
    dirty: bool
    stops: bool
    stopped: bool
    background: Background | None

    @property
    def escaped(self) -> Sequence[str]: ...

    held: list[Arrival]

    def keep(self, arrival: Arrival) -> None:
        """A call that no world is there for: kept for the cold start while it is starting, else
        dropped.
        """

    def check_start(self) -> None:
        """Raise BotStartError when it does not answer yet and never will."""

    def printed(self) -> list[str]:
        """The last lines of its output, for a message."""

    def refused(self) -> None:
        """It did not take a connection. Raises BotDiedError when it can not come back."""

    def stop_running(self) -> None:
        """Stop every process of it; nothing of it runs then."""

    def go_on(self) -> None:
        """Let a stopped one run again."""

    def terminate(self) -> None:
        """Ask it to shut down by itself; a stopped one runs again then."""

    def kill(self) -> None:
        """End it, without waiting for that."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened outside, in the order in which the network thread saw it."""

    kind: Literal["call", "gone", "response", "ready", "exit"]
    body: Body | None
    arrival: Arrival | None = None
    outcome: Outcome | None = None
    request: int = 0
