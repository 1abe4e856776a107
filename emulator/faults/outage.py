"""A service that is in trouble for a while."""

from collections.abc import Callable
from dataclasses import dataclass

from emulator.call import Call
from emulator.clock import VirtualClock
from emulator.faults.fault import Fault


def every(call: Call) -> bool:
    """No call is spared."""
    return True


def writes(call: Call) -> bool:
    """Only those that would change something at the service."""
    return bool(call.access.writes)


@dataclass(frozen=True, slots=True)
class Outage:
    """A plan: every call to `service` between `start_s` and `end_s` (seconds of the world's clock,
    the end not included) meets `fault`, if `only` holds for it.
    """

    clock: VirtualClock
    service: str
    fault: Fault
    start_s: float
    end_s: float
    only: Callable[[Call], bool] = every

    def __call__(self, call: Call) -> Fault | None:
        due = self.start_s <= self.clock.now < self.end_s
        return self.fault if due and call.service == self.service and self.only(call) else None
