"""A call that took effect and whose answer was lost."""

from collections.abc import Callable
from dataclasses import dataclass

from emulator.call import Call
from emulator.exchange import Blocked, Failure, Outcome
from emulator.faults.fault import Answered

LOST = Failure("reset", "the connection was lost")


@dataclass(frozen=True, slots=True)
class FailAfter:
    """The service does what it was asked, and the bot gets `outcome`: it can not know."""

    outcome: Outcome = LOST
    kind: str = "fail-after"

    def apply(self, call: Call, answer: Callable[[], Answered]) -> Answered:
        answered = answer()
        return answered if isinstance(answered, Blocked) else self.outcome
