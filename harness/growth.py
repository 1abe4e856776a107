"""Amplification: how much the world had to do for one user message."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.scenarios.rapid import Rapid


@dataclass(frozen=True, slots=True)
class Growth:
    """Figures per user message, over all runs of a certification.

    `publishes` and `attempts` (requests to the bot by the queue or by itself) are per message; `r`
    is how many further requests one request of a later generation causes, pooled over generations
    (0 when no chain is longer than one hop); `depth` is the largest generation. `worst_publishes`
    and `worst_attempts` are those of the one message that caused most; `cut` counts messages that
    thrice had to cut, whose figures would have gone on growing.
    """

    messages: int
    publishes: float
    attempts: float
    r: float
    depth: int
    by_generation: tuple[int, ...]
    worst_publishes: int
    worst_attempts: int
    cut: int


def measure(runs: Sequence[Rapid]) -> Growth:
    """Pooled over generations that were fully observed: with Z_g requests in generation g, R is
    sum(Z_2..) / sum(Z_1..Z_(last-1)).
    """
    messages = sum(len(run.messages) for run in runs)
    levels: list[int] = []
    publishes = 0
    worst_attempts = 0
    for run in runs:
        publishes += run.week.publishes
        by_root: Counter[str] = Counter()
        for entry in run.of("delivery"):
            # Echoes and receipts are the platform's doing; what the bot does because of one counts.
            if not entry.roots or entry.detail.get("kind") == "echo":
                continue
            levels += [0] * (entry.generation + 1 - len(levels))
            levels[entry.generation] += 1
            if entry.generation > 0:
                by_root.update(entry.roots)
        worst_attempts = max(worst_attempts, *by_root.values(), 0)
    later = levels[1:]
    attempts = sum(later)
    parents = sum(later[:-1])
    return Growth(
        messages=messages,
        publishes=publishes / messages if messages else 0.0,
        attempts=attempts / messages if messages else 0.0,
        r=sum(later[1:]) / parents if parents else 0.0,
        depth=max(len(levels) - 1, 0),
        by_generation=tuple(levels),
        worst_publishes=max(
            (tally.publishes for run in runs for tally in run.tallies.values()), default=0
        ),
        worst_attempts=worst_attempts,
        cut=sum(len(run.cut) for run in runs),
    )
