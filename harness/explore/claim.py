"""What may be claimed of a search or a sample: sentences with the numbers, and no more than these
bear.
"""

import math

from harness.errors import HarnessError
from harness.explore.bounds import failure_rate_bound, miss_chance, pct_chance, pctcp_chance
from harness.explore.sampling import Sample
from harness.explore.search import Found

# What complete mode rests on. Bounded mode needs all but the last.
ASSUMPTIONS = (
    "every shared resource is one of those the harness stands in for",
    "the bot does the same again when it is given the same answers",
    "each call takes effect at one instant",
    "an instance handles as many deliveries at a time as the profile says",
    "calls that touch different resources, or only read, commute",
)


def complete_claim(found: Found) -> str:
    """For a search with `SleepSets`."""
    runs = _count(found.executions, "execution")
    if found.bad:
        return _failed(found)
    if not found.finished:
        return f"unfinished after {runs} without failure: nothing is known of the other orders"
    seen = f", {found.blocked} of them cut short as seen before" if found.blocked else ""
    return (
        "no order in which the world can answer breaks the contract: "
        f"{_count(found.complete, 'class', 'classes')} of orders, all run ({runs}{seen})"
    )


def bounded_claim(found: Found, most: int) -> str:
    """For a search with `Preemptions(most)`."""
    if found.bad:
        return _failed(found)
    runs = _count(found.executions, "order")
    bound = f"at most {_count(most, 'preemption')}" if most else "no preemption"
    if not found.finished:
        return (
            f"unfinished after {runs} with {bound}, without failure: nothing is known of the others"
        )
    return f"no order with {bound} breaks the contract: {runs}, all run"


def pct_claim(sample: Sample, *, depth: int, steps: int, tasks: int) -> str:
    """For a sample of `Priorities(depth, steps)`.

    `tasks` is the most that an execution can have. Raises HarnessError when executions were larger
    than that, because then the bound does not hold.
    """
    _within("tasks", sample.tasks, tasks)
    return _sampled(sample, depth, steps, pct_chance(tasks=tasks, steps=steps, depth=depth))


def pctcp_claim(sample: Sample, *, depth: int, steps: int, width: int) -> str:
    """For a sample of `ChainPriorities(depth, steps)`.

    `width` is the most moves of an execution of which none is caused by another. Raises
    HarnessError when executions had more than `steps` moves.
    """
    return _sampled(sample, depth, steps, pctcp_chance(width=width, steps=steps, depth=depth))


def repetition_claim(clean: int, *, confidence: float = 0.95) -> str:
    """For so many plain runs, none of which failed."""
    rate = failure_rate_bound(clean, confidence=confidence)
    return (
        f"{_count(clean, 'run')} without failure: of runs with this timing at most "
        f"{100 * rate:.2f} % fail, at {100 * confidence:g} % confidence; "
        "this says nothing about the timing in production"
    )


def _sampled(sample: Sample, depth: int, steps: int, chance: float) -> str:
    _within("moves", sample.longest, steps)
    schedules = _count(sample.schedules, "random schedule")
    if sample.bad:
        return (
            f"the contract is broken in {sample.bad} of {schedules}, first in number "
            f"{sample.first_bad}"
        )
    missed = miss_chance(chance, sample.schedules)
    return (
        f"{schedules} without failure: a bug of depth at most {depth} would have been missed with "
        f"a probability of at most {_probability(missed)}"
    )


def _within(what: str, seen: int, most: int) -> None:
    if seen > most:
        raise HarnessError(
            f"an execution had {seen} {what}, and the bound was computed for {most}: "
            f"sample again with {seen}"
        )


def _failed(found: Found) -> str:
    oracles = ", ".join(sorted(found.broken))
    so_far = "" if found.finished else " so far"
    return (
        f"the contract is broken ({oracles}) in {found.bad} of "
        f"{_count(found.complete, 'complete execution')}{so_far}, first in execution "
        f"{found.first_bad}"
    )


def _probability(value: float) -> str:
    """A bound, so it is rounded upwards."""
    return "0.001" if value <= 0.001 else f"{math.ceil(value * 1000) / 1000:.3f}"


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
