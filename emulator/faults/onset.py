"""Trouble that begins at the worst moment instead of at a time."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from emulator.call import Call
from emulator.faults.fault import Fault
from emulator.faults.outage import Outage


@dataclass(slots=True)
class Onset:
    """A plan: `outage` begins, and lasts as long as ever, right after the first call for which
    `trigger` holds; at its own time if there was none by then.

    The trigger itself is spared, also when it is a call to the service in trouble.
    """

    outage: Outage
    trigger: Callable[[Call], bool]
    has_begun: bool = False

    def __call__(self, call: Call) -> Fault | None:
        now = self.outage.clock.now
        if not self.has_begun and (now >= self.outage.start_s or self.trigger(call)):
            self.has_begun = True
            if now < self.outage.start_s:
                lasts_s = self.outage.end_s - self.outage.start_s
                self.outage = replace(self.outage, start_s=now, end_s=now + lasts_s)
                return None
        return self.outage(call)
