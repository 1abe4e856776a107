"""A call that fails before it had any effect."""

from collections.abc import Callable
from dataclasses import dataclass

from emulator.call import Call
from emulator.exchange import Failure, Outcome
from emulator.faults.fault import Answered

REFUSED = Failure("refused", "connection refused")


@dataclass(frozen=True, slots=True)
class FailBefore:
    """Nothing happens at the service, and the bot gets `outcome`."""

    outcome: Outcome = REFUSED
    kind: str = "fail-before"

    def apply(self, call: Call, answer: Callable[[], Answered]) -> Answered:
        return self.outcome
