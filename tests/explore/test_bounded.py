import pytest

from harness.explore.bounded import Preemptions
from harness.explore.complete import EveryOrder
from harness.explore.search import Search
from tests.explore._models import (
    ATOMIC,
    CHECK_PUBLISH_SET,
    CHECK_SET_PUBLISH,
    IN_MEMORY,
    READ_BACK,
    Bot,
    Model,
)


def counts(bot: Bot, k: int, most: int) -> tuple[int, int]:
    found, _ = Search(policy=Preemptions(most)).run(Model(bot, k))
    assert found.finished
    return found.complete, found.bad


@pytest.mark.parametrize(
    ("bot", "k", "one", "two"),
    [
        (ATOMIC, 2, (4, 0), (4, 0)),
        (ATOMIC, 3, (18, 0), (18, 0)),
        (CHECK_SET_PUBLISH, 2, (6, 2), (10, 6)),
        (CHECK_SET_PUBLISH, 3, (30, 12), (84, 66)),
        (CHECK_PUBLISH_SET, 2, (6, 4), (14, 12)),
        (CHECK_PUBLISH_SET, 3, (30, 24), (132, 126)),
        (READ_BACK, 2, (8, 2), (14, 6)),
        (READ_BACK, 3, (42, 12), (132, 78)),
        (IN_MEMORY, 3, (6, 6), (6, 6)),
    ],
)
def test_bound__schedules_and_bad_ones(
    bot: Bot, k: int, one: tuple[int, int], two: tuple[int, int]
) -> None:
    assert (counts(bot, k, 1), counts(bot, k, 2)) == (one, two)


@pytest.mark.parametrize("bot", [ATOMIC, CHECK_SET_PUBLISH, CHECK_PUBLISH_SET, READ_BACK])
def test_no_preemption__every_order_of_whole_tasks_and_no_race(bot: Bot) -> None:
    assert [counts(bot, k, 0) for k in (1, 2, 3, 4)] == [(1, 0), (2, 0), (6, 0), (24, 0)]


def test_no_preemption__finds_the_bot_that_remembers_in_memory() -> None:
    assert counts(IN_MEMORY, 3, 0) == (6, 6)


def test_large_bound__every_order() -> None:
    found, _ = Search(policy=EveryOrder()).run(Model(READ_BACK))
    assert counts(READ_BACK, 3, 12) == (found.complete, found.bad)
