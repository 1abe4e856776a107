"""A call that is never answered."""

from collections.abc import Callable
from dataclasses import dataclass

from emulator.call import Call
from emulator.exchange import Blocked, Slow
from emulator.faults.fault import Answered


@dataclass(frozen=True, slots=True)
class Withheld:
    """The bot waits until its own time limit, or its function's, ends the wait.

    `effect` tells whether the service did what it was asked.
    """

    effect: bool = True
    kind: str = "withheld"

    def apply(self, call: Call, answer: Callable[[], Answered]) -> Answered:
        if self.effect:
            answered = answer()
            if isinstance(answered, Blocked):
                return answered
        return Slow(None)
