"""Faults: what may come of a call other than its service's own answer."""

from emulator.faults.after import FailAfter
from emulator.faults.before import FailBefore
from emulator.faults.fault import Answered, Fault, FaultPlan
from emulator.faults.killed import Killed
from emulator.faults.once import Once
from emulator.faults.onset import Onset
from emulator.faults.outage import Outage, writes
from emulator.faults.slowed import Slowed
from emulator.faults.withheld import Withheld

__all__ = [
    "Answered",
    "FailAfter",
    "FailBefore",
    "Fault",
    "FaultPlan",
    "Killed",
    "Once",
    "Onset",
    "Outage",
    "Slowed",
    "Withheld",
    "writes",
]
