"""How much is explored. Budgets count executions and not seconds, so a verdict does not depend on
the machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

BudgetName = Literal["quick", "standard", "deep"]


@dataclass(frozen=True, slots=True)
class Budget:
    """`most` is how many executions one search may take. Two copies are explored in every order,
    three with at most `preemptions`, and in every order too if `complete`; `samples` random
    schedules come last. Under a fault plan all orders are tried if `complete`, else the serial ones
    and lockstep; `faults` is how many calls go wrong in one run.
    """

    name: BudgetName
    most: int
    preemptions: int
    complete: bool
    samples: int
    faults: int

    @property
    def live(self) -> "Budget":
        """The same for a bot that runs over sockets, where an execution takes ten times as long."""
        return self._shallow

    @property
    def further(self) -> "Budget":
        """The same for a platform after the first: what the calls of a bot can do to one another
        was looked for there, and is the platform's doing only as far as its handler differs.
        """
        return self._shallow

    @property
    def _shallow(self) -> "Budget":
        """With the three copies of a webhook in the orders that find most."""
        if self.complete:
            return self
        return replace(self, preemptions=min(self.preemptions, 1), samples=0)


BUDGETS: Mapping[BudgetName, Budget] = {
    "quick": Budget("quick", most=150, preemptions=1, complete=False, samples=6, faults=1),
    "standard": Budget("standard", most=400, preemptions=2, complete=False, samples=40, faults=1),
    "deep": Budget("deep", most=200_000, preemptions=2, complete=True, samples=400, faults=2),
}
STANDARD = BUDGETS["standard"]
