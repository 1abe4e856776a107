"""What a number of clean executions is worth: the least chance that one finds a bug, and the
greatest that all miss it.

A bug has depth d when the order of d moves decides whether it shows.
"""

import math


def pct_chance(*, tasks: int, steps: int, depth: int) -> float:
    """At least so likely does one PCT schedule hit a bug of that depth (Burckhardt et al., ASPLOS
    2010). `tasks` are there from the start, `steps` the most moves of an execution.
    """
    return 1 / (tasks * math.pow(steps, depth - 1))


def pctcp_chance(*, width: int, steps: int, depth: int) -> float:
    """The same for PCTCP, where tasks are created on the way (Ozkan et al., OOPSLA 2018). `width`
    is the most moves of an execution of which none comes after another.
    """
    return 1 / (width**2 * math.pow(steps, depth - 1))


def miss_chance(chance: float, schedules: int) -> float:
    """At most so likely do so many independent schedules all miss what each hits with at least
    `chance`.
    """
    if chance >= 1:
        return 0.0 if schedules else 1.0
    return math.exp(schedules * math.log1p(-chance))


def schedules_for(*, miss: float, chance: float) -> int:
    """So many schedules suffice for a chance of at most `miss` to find nothing."""
    return math.ceil(math.log(1 / miss) / chance)


def failure_rate_bound(clean: int, *, confidence: float = 0.95) -> float:
    """After so many clean runs and none that failed, one run fails with at most this probability.

    It holds for runs as these were made, and for the timing that they had.
    """
    return -math.expm1(math.log(1 - confidence) / clean) if clean else 1.0
