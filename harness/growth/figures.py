"""Amplification: how much the world had to do for one user message, over all runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.growth.forest import Forest, forest_of
from harness.growth.rules import first_cycle
from harness.growth.typematrix import type_matrix
from harness.scenarios.rapid import Rapid


@dataclass(frozen=True, slots=True)
class Growth:
    """Figures per user message, over all runs of a certification.

    `publishes` and `attempts` (requests to the bot beyond the platform's webhooks: by the queue, by
    itself, and by echoes that it acted upon) are per message. `r` is the factor by which those go
    on from generation to generation in the long run: 0 when no kind of work leads back to itself,
    and from 1 on they never end. `r_pooled` is how many further requests one request of a later
    generation caused on average, `r_by_generation` the same for each generation from the first on,
    both only over requests of which all that followed was seen. `depth` is the largest generation.
    `retry_factor` is deliveries by the queue for each publish that was delivered, 0 without any.
    `cycle` are the routes of the shortest chain that came back to its beginning. `worst_publishes`
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
    retry_factor: float = 0.0
    r_pooled: float = 0.0
    r_by_generation: tuple[float, ...] = ()
    cycle: tuple[str, ...] = ()


def measure(runs: Sequence[Rapid]) -> Growth:
    """The figures of all these runs together."""
    messages = sum(len(run.messages) for run in runs)
    publishes = sum(run.week.publishes for run in runs)
    forests = [forest_of(run.record.entries) for run in runs]
    levels = by_generation(forests)
    found = [cycle for forest in forests if (cycle := first_cycle(forest)) is not None]
    return Growth(
        messages=messages,
        publishes=publishes / messages if messages else 0.0,
        attempts=sum(levels[1:]) / messages if messages else 0.0,
        r=round(type_matrix(forests).radius, 9),
        depth=max(len(levels) - 1, 0),
        by_generation=levels,
        worst_publishes=max(
            (tally.publishes for run in runs for tally in run.tallies.values()), default=0
        ),
        worst_attempts=max((_most_attempts(forest) for forest in forests), default=0),
        cut=sum(len(run.cut) for run in runs),
        retry_factor=retry_factor(forests),
        r_pooled=reproduction(forests),
        r_by_generation=reproduction_by_generation(forests),
        cycle=min((one.routes for one in found), key=len, default=()),
    )


def retry_factor(forests: Sequence[Forest]) -> float:
    """Deliveries by the queue for each publish that was delivered at all; 0 without any."""
    attempts = published = 0
    for forest in forests:
        causes = [node.cause for node in forest.nodes if node.type[1] == "queue"]
        attempts += len(causes)
        published += len(set(causes))
    return attempts / published if published else 0.0


def by_generation(forests: Sequence[Forest]) -> tuple[int, ...]:
    """Counted deliveries in each generation, the platform's webhooks first."""
    counts = Counter(node.generation for forest in forests for node in forest.counted())
    return tuple(counts[generation] for generation in range(max(counts, default=-1) + 1))


def reproduction_by_generation(forests: Sequence[Forest]) -> tuple[float, ...]:
    """Children per delivery for each generation from the first on, as far as one was seen with all
    its children.
    """
    parents, children = _families(forests)
    return tuple(
        children[generation] / parents[generation]
        for generation in range(1, max(parents, default=0) + 1)
        if parents[generation]
    )


def reproduction(forests: Sequence[Forest]) -> float:
    """Children per delivery, pooled over the same generations (Harris's estimator)."""
    parents, children = _families(forests)
    return children.total() / parents.total() if parents else 0.0


def _families(forests: Sequence[Forest]) -> tuple[Counter[int], Counter[int]]:
    """Generation -> deliveries with all their children seen, and -> those children."""
    parents: Counter[int] = Counter()
    children: Counter[int] = Counter()
    for forest in forests:
        for node in forest.counted():
            if node.observed and node.generation > 0:
                parents[node.generation] += 1
                children[node.generation] += sum(child.counts for child in node.children)
    return parents, children


def _most_attempts(forest: Forest) -> int:
    counts: Counter[str] = Counter()
    for node in forest.counted():
        if node.generation > 0:
            counts.update(node.roots)
    return max(counts.values(), default=0)
