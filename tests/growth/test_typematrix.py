import math

import pytest

from harness.growth.forest import forest_of
from harness.growth.typematrix import has_cycle, spectral_radius, type_matrix
from tests.growth._journal import BACK, HOOK, Journal, loop, tree


@pytest.mark.parametrize(
    ("matrix", "radius"),
    [
        ([], 0.0),
        ([[0.0]], 0.0),
        ([[0.5]], 0.5),
        ([[0, 5, 7], [0, 0, 9], [0, 0, 0]], 0.0),
        ([[0, 1], [1, 0]], 1.0),
        ([[0, 3], [2, 0]], math.sqrt(6)),
        ([[0, 2, 0], [0, 0, 2], [2, 0, 0]], 2.0),
        ([[1, 1], [1, 0]], (1 + math.sqrt(5)) / 2),
        ([[0.5, 4, 0], [0, 0, 1], [0, 2, 0]], math.sqrt(2)),
        ([[0, 1e-9], [1e-9, 0]], 1e-9),
        ([[0, 1e6], [1e-6, 0]], 1.0),
        ([[1, 5], [0, 1]], 1.0),
    ],
)
def test_spectral_radius(matrix: list[list[float]], radius: float) -> None:
    assert spectral_radius(matrix) == pytest.approx(radius, rel=1e-9)


def test_spectral_radius__without_a_cycle_is_exactly_nothing() -> None:
    wide = [[float(j > i) * 1e9 for j in range(12)] for i in range(12)]
    assert spectral_radius(wide) == 0.0


@pytest.mark.parametrize(
    ("graph", "cyclic"),
    [([], False), ([[1], [2], []], False), ([[1], [2], [1]], True), ([[], [1]], True)],
)
def test_has_cycle(graph: list[list[int]], cyclic: bool) -> None:
    assert has_cycle(graph) == cyclic


def test_loop_that_rearms_itself__has_r_one() -> None:
    matrix = type_matrix([forest_of(loop(4, cut="generation 4").entries)])
    assert matrix.types == ((BACK, "queue"), (HOOK, "trigger"), (HOOK, "user"))
    assert matrix.means == ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, 0.0))
    assert matrix.radius == 1.0


@pytest.mark.parametrize("factor", [2, 3, 6])
def test_tree__has_its_factor_as_r(factor: int) -> None:
    radius = type_matrix([forest_of(tree(factor, 3).entries)]).radius
    assert radius == pytest.approx(factor, rel=1e-12)


def test_two_stages_that_end__have_r_nothing() -> None:
    journal = Journal()
    first = journal.attempt(journal.publish(journal.user()), 1)
    journal.attempt(journal.publish(first), 2, route="/second")
    assert type_matrix([forest_of(journal.entries)]).radius == 0.0


def test_echoes_that_feed_each_other__have_r_one() -> None:
    journal = Journal()
    at = journal.user()
    for hop in range(1, 5):
        at = journal.echo(at, hop)
    journal.note("reply", cause=at)
    journal.note("finding", "echo-loop", limit=4)
    assert type_matrix([forest_of(journal.entries)]).radius == 1.0


def test_echoes_of_a_bot_that_ignores_them__change_nothing() -> None:
    journal = Journal()
    consumer = journal.attempt(journal.publish(journal.user()), 1)
    for _ in range(3):
        journal.echo(consumer, 2)
    matrix = type_matrix([forest_of(journal.entries)])
    assert matrix.types == ((BACK, "queue"), (HOOK, "user"))
    assert matrix.radius == 0.0
