"""A call whose answer takes its time."""

from collections.abc import Callable
from dataclasses import dataclass

from emulator.call import Call
from emulator.exchange import Blocked, Slow
from emulator.faults.fault import Answered


@dataclass(frozen=True, slots=True)
class Slowed:
    """The service does what it was asked, and its answer follows `latency_s` seconds later."""

    latency_s: float
    kind: str = "slowed"

    def apply(self, call: Call, answer: Callable[[], Answered]) -> Answered:
        answered = answer()
        if isinstance(answered, Blocked):
            return answered
        if isinstance(answered, Slow):
            return Slow(answered.outcome, answered.latency_s + self.latency_s)
        return Slow(answered, self.latency_s)
