"""Growth of a bot that does not do the same twice: decided over all its executions, by counting
what each delivery led to.
"""

from dataclasses import replace

from harness.explore.execution import Chooser, Execution, System
from harness.explore.worlds import RUNAWAY, Seen
from harness.growth.alarm import RunawayAlarm
from harness.growth.forest import forest_of

# A delivery that led to more others than this counts as if it had led to so many: that keeps the
# alarm's promise, because it can only delay it, and makes it quick (22 deliveries for two each).
MOST_CHILDREN = 4


class Alarmed:
    """A system whose executions break `RUNAWAY` from the moment the alarm is raised: by then a
    harmless bot would have been that active once in a thousand times.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._alarm = RunawayAlarm(most=MOST_CHILDREN)

    def execute(self, chooser: Chooser) -> Execution:
        execution = self._system.execute(chooser)
        seen = execution.evidence
        if isinstance(seen, Seen):
            for node in forest_of(seen.record.entries).counted():
                if node.observed:
                    children = sum(child.counts for child in node.children)
                    self._alarm.observe(min(children, MOST_CHILDREN))
        if self._alarm.raised and not execution.violations:
            return replace(execution, violations=(RUNAWAY,))
        return execution
