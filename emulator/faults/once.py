"""Trouble that each user message meets one time."""

from dataclasses import dataclass, field

from emulator.call import Call
from emulator.faults.fault import Fault, FaultPlan


@dataclass(slots=True)
class Once:
    """A plan: what `plan` says of the first call for each user message, and nothing afterwards."""

    plan: FaultPlan
    _met: set[str] = field(default_factory=set)

    def __call__(self, call: Call) -> Fault | None:
        if not self._met.isdisjoint(call.roots):
            return None
        fault = self.plan(call)
        if fault is not None:
            self._met.update(call.roots)
        return fault
