"""Which kind of work causes which, on average, and how that goes on."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.growth.forest import Forest, Type

# The error of the radius is a factor of c^(1/2^n), far below what a float can tell.
_SQUARINGS = 60

Matrix = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class TypeMatrix:
    """`means[i][j]` is how many deliveries of type j one delivery of type i leads to, on average
    over the deliveries whose children were all seen.
    """

    types: tuple[Type, ...]
    means: tuple[tuple[float, ...], ...]

    @property
    def radius(self) -> float:
        """R: by what factor the deliveries of one generation go on in the long run; exactly 0 when
        no type leads back to itself.
        """
        return spectral_radius(self.means)


def type_matrix(forests: Iterable[Forest]) -> TypeMatrix:
    """The matrix of several runs together, types in the order of their names."""
    parents: dict[Type, int] = {}
    children: dict[Type, dict[Type, int]] = {}
    for forest in forests:
        for node in forest.counted():
            parents.setdefault(node.type, 0)
            if not node.observed:
                continue
            parents[node.type] += 1
            row = children.setdefault(node.type, {})
            for child in node.children:
                if child.counts:
                    row[child.type] = row.get(child.type, 0) + 1
    types = tuple(sorted(parents))
    none: Mapping[Type, int] = {}
    return TypeMatrix(
        types,
        tuple(
            tuple(children.get(one, none).get(other, 0) / max(parents[one], 1) for other in types)
            for one in types
        ),
    )


def spectral_radius(matrix: Matrix) -> float:
    """The largest absolute eigenvalue of a square matrix without negative entries; exactly 0 for
    one whose graph has no cycle.

    By Gelfand's formula, the 2^n-th root of the norm of the 2^n-th power, which unlike power
    iteration also converges for cycles and for several parts with one radius.
    """
    if not has_cycle([[j for j, mean in enumerate(row) if mean] for row in matrix]):
        return 0.0
    power = [list(row) for row in matrix]
    size = range(len(power))
    # Of the norm; each power is scaled to norm 1, so that none overflows.
    log = 0.0
    for doubled in range(_SQUARINGS + 1):
        if doubled:
            power = [[sum(power[i][k] * power[k][j] for k in size) for j in size] for i in size]
        norm = max(sum(row) for row in power)
        log += math.log(norm) / 2**doubled
        power = [[value / norm for value in row] for row in power]
    return math.exp(log)


def has_cycle(graph: Sequence[Sequence[int]]) -> bool:
    """Whether a vertex can be reached from itself; `graph[v]` are the ends of the edges from v."""
    return any(vertex in _reachable(graph, vertex) for vertex in range(len(graph)))


def _reachable(graph: Sequence[Sequence[int]], start: int) -> set[int]:
    found: set[int] = set()
    waiting = [*graph[start]]
    while waiting:
        vertex = waiting.pop()
        if vertex not in found:
            found.add(vertex)
            waiting += graph[vertex]
    return found
