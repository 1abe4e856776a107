"""What a fault is: another outcome for a call than the one its service would give."""

from collections.abc import Callable
from typing import Protocol

from emulator.call import Call
from emulator.exchange import Blocked, Outcome, Slow

Answered = Outcome | Slow | Blocked


class Fault(Protocol):
    """Decides what comes of one call. `kind` names it in traces and in the journal."""

    @property
    def kind(self) -> str:
        """What people read: `fail-before`, `fail-after`, ..."""

    def apply(self, call: Call, answer: Callable[[], Answered]) -> Answered:
        """The outcome of the call; `answer` applies it at its service, and need not be called.

        What `answer` gives back as Blocked has not happened yet and must be handed on: the fault is
        asked again once the call can be applied.
        """


# Which fault, if any, befalls a call. Asked when the call is about to be applied.
FaultPlan = Callable[[Call], Fault | None]
