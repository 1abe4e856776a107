"""An instance that dies while one of its calls is under way."""

from collections.abc import Callable
from dataclasses import dataclass

from emulator.call import Call
from emulator.exchange import Blocked, Slow
from emulator.faults.fault import Answered


@dataclass(frozen=True, slots=True)
class Killed:
    """The instance is gone with its memory; `kill` is the host's, and takes the instance's name.

    `effect` tells whether the service still did what it was asked.
    """

    kill: Callable[[str], None]
    effect: bool = True
    kind: str = "killed"

    def apply(self, call: Call, answer: Callable[[], Answered]) -> Answered:
        if self.effect:
            answered = answer()
            if isinstance(answered, Blocked):
                return answered
        self.kill(call.invocation.instance)
        return Slow(None)
