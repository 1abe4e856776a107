"""Exact counts: how many schedules and classes there are, and how many are bad."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.explore.complete import EveryOrder, SleepSets
from harness.explore.execution import Chooser, Execution
from harness.explore.move import Move, independent
from harness.explore.search import Found, Policy, Search
from tests.explore._models import (
    ATOMIC,
    CHECK_PUBLISH_SET,
    CHECK_SET_PUBLISH,
    GOLD,
    IN_MEMORY,
    KEYED,
    READ_BACK,
    Bot,
    Model,
)


def searched(model: Model, policy: Policy) -> Found:
    found, left = Search(policy=policy).run(model)
    assert found.finished
    assert left == []
    return found


@pytest.mark.parametrize(
    ("bot", "k", "schedules", "bad", "first_bad"),
    [
        (ATOMIC, 2, 4, 0, 0),
        (ATOMIC, 3, 18, 0, 0),
        (CHECK_SET_PUBLISH, 2, 16, 12, 3),
        (CHECK_SET_PUBLISH, 3, 702, 684, 7),
        (CHECK_PUBLISH_SET, 2, 20, 18, 2),
        (CHECK_PUBLISH_SET, 3, 1428, 1422, 3),
        (READ_BACK, 2, 34, 16, 4),
        (READ_BACK, 3, 3564, 2808, 13),
        (IN_MEMORY, 3, 6, 6, 1),
    ],
)
def test_every_order__schedules_and_the_first_bad_one(
    bot: Bot, k: int, schedules: int, bad: int, first_bad: int
) -> None:
    found = searched(Model(bot, k), EveryOrder())
    assert (found.complete, found.bad, found.first_bad_complete) == (schedules, bad, first_bad)
    assert found.blocked == 0


@pytest.mark.parametrize(
    ("bot", "k", "classes", "bad", "blocked", "first_bad"),
    [
        (ATOMIC, 2, 2, 0, 2, 0),
        (ATOMIC, 3, 6, 0, 6, 0),
        (CHECK_SET_PUBLISH, 2, 4, 2, 4, 2),
        (CHECK_SET_PUBLISH, 3, 21, 18, 51, 2),
        (CHECK_PUBLISH_SET, 2, 4, 2, 2, 2),
        (CHECK_PUBLISH_SET, 3, 21, 18, 18, 2),
        (READ_BACK, 2, 6, 2, 10, 2),
        (READ_BACK, 3, 63, 36, 219, 2),
        (IN_MEMORY, 3, 1, 1, 3, 1),
    ],
)
def test_sleep_sets__classes_and_the_first_bad_one(
    bot: Bot, k: int, classes: int, bad: int, blocked: int, first_bad: int
) -> None:
    found = searched(Model(bot, k), SleepSets())
    assert (found.complete, found.bad, found.blocked) == (classes, bad, blocked)
    assert found.first_bad_complete == first_bad


@pytest.mark.parametrize("bot", [CHECK_SET_PUBLISH, CHECK_PUBLISH_SET, READ_BACK])
def test_sleep_sets__first_bad_execution_of_three_copies_is_the_third_to_seventh(bot: Bot) -> None:
    assert 3 <= searched(Model(bot), SleepSets()).first_bad <= 7


@pytest.mark.parametrize(
    ("bot", "schedules", "classes"),
    [
        (ATOMIC, 342, 6),
        (CHECK_SET_PUBLISH, 11_862, 21),
        (CHECK_PUBLISH_SET, 27_630, 21),
        (READ_BACK, 58_806, 63),
        (IN_MEMORY, 90, 1),
    ],
)
def test_starts_as_moves__more_schedules_and_as_many_classes(
    bot: Bot, schedules: int, classes: int
) -> None:
    model = Model(bot, starts=True)
    assert searched(model, EveryOrder()).complete == schedules
    assert searched(model, SleepSets()).complete == classes


@pytest.mark.parametrize(("bot", "schedules"), [(ATOMIC, 3060), (KEYED, 1710), (GOLD, 3060)])
def test_sound_bot_with_its_consumer__no_order_is_bad(bot: Bot, schedules: int) -> None:
    model = Model(bot, starts=True, consumers=True)
    every, classes = searched(model, EveryOrder()), searched(model, SleepSets())
    assert (every.complete, every.bad) == (schedules, 0)
    assert (classes.complete, classes.bad) == (6, 0)


def test_check_then_set_with_its_consumer__each_order_of_replies_is_a_class() -> None:
    found = searched(Model(CHECK_SET_PUBLISH, starts=True, consumers=True), SleepSets())
    assert (found.complete, found.bad) == (63, 60)


class Scripts:
    """Tasks whose moves do not depend on anything, as a system."""

    def __init__(self, scripts: list[list[tuple[str, str]]]) -> None:
        self.scripts = [
            [
                Move(
                    f"t{task}#{ordinal}",
                    f"t{task}",
                    f"t{task}",
                    frozenset({key} if verb == "read" else ()),
                    frozenset({key} if verb == "write" else ()),
                )
                for ordinal, (verb, key) in enumerate(script)
            ]
            for task, script in enumerate(scripts)
        ]

    def execute(self, chooser: Chooser) -> Execution:
        left = [list(script) for script in self.scripts]
        made: list[Move] = []
        while moves := [script[0] for script in left if script]:
            move = chooser.choose(moves)
            if move is None:
                return Execution(tuple(made), False)
            made.append(move)
            left[int(move.task[1:])].pop(0)
        return Execution(tuple(made), True)


def class_of(execution: Execution) -> tuple[str, ...]:
    """The first of its class by name: the same for executions that differ in what commutes."""
    left = list(execution.moves)
    order: list[str] = []
    while left:
        free = [
            move
            for place, move in enumerate(left)
            if all(independent(move, before) for before in left[:place])
        ]
        first = min(free, key=lambda move: move.name)
        order.append(first.name)
        left.remove(first)
    return tuple(order)


def note_class(execution: Execution) -> list[tuple[str, ...]]:
    return [class_of(execution)] if execution.complete else []


MOVES = st.tuples(st.sampled_from(["read", "write"]), st.sampled_from(["a", "b"]))


@given(st.lists(st.lists(MOVES, min_size=1, max_size=3), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_sleep_sets__exactly_one_complete_execution_of_each_class(
    scripts: list[list[tuple[str, str]]],
) -> None:
    every, _ = Search(policy=EveryOrder(), facts=note_class).run(Scripts(scripts))
    slept, _ = Search(policy=SleepSets(), facts=note_class).run(Scripts(scripts))
    assert slept.facts == every.facts
    assert slept.complete == len(every.facts)
