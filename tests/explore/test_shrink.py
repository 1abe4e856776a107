from collections.abc import Callable

import pytest

from emulator.chance import Chance
from harness.explore.execution import Execution
from harness.explore.faults import FAIL_AFTER, FAIL_BEFORE, NO_FAULTS, Fault, Plan
from harness.explore.sampling import Uniform
from harness.explore.shrink import Case, Preferring, Shrunk, shrink, switches, tasks_of
from tests.explore._models import (
    ATOMIC,
    CHECK_PUBLISH_SET,
    CHECK_SET_PUBLISH,
    READ_BACK,
    Bot,
    Model,
)

BOTS = pytest.mark.parametrize("bot", [CHECK_SET_PUBLISH, CHECK_PUBLISH_SET, READ_BACK])


def attempts_of(bot: Bot, *, consumers: bool = False) -> Callable[[Case], Execution]:
    def attempt(case: Case) -> Execution:
        model = Model(bot, plan=case.faults, deliveries=case.deliveries, consumers=consumers)
        return model.execute(Preferring(case.choices))

    return attempt


def failures(bot: Bot, count: int) -> list[Execution]:
    chance = Chance(1)
    runs = (
        Model(bot).execute(Uniform().chooser(chance.stream(f"{number}"))) for number in range(count)
    )
    return [run for run in runs if run.violations]


@BOTS
def test_order_alone__always_three_switches_after_few_executions(bot: Bot) -> None:
    found = [
        shrink(Case(choices=()), failure, attempts_of(bot), oracle="publishes")
        for failure in failures(bot, 200)
    ]
    assert len(found) > 50
    assert {shrunk.switches for shrunk in found} == {3}
    assert sum(shrunk.attempts for shrunk in found) / len(found) < 14


def test_random_failures__have_more_switches_than_that() -> None:
    for bot, average in ((CHECK_SET_PUBLISH, 5.1), (READ_BACK, 5.8)):
        counts = [switches(tasks_of(failure)) for failure in failures(bot, 2_000)]
        assert abs(sum(counts) / len(counts) - average) < 0.15


@BOTS
def test_deliveries_too__always_two_of_them_and_two_switches(bot: Bot) -> None:
    for failure in failures(bot, 100):
        case = Case(choices=(), deliveries=("w0", "w1", "w2"))
        shrunk = shrink(case, failure, attempts_of(bot), oracle="publishes")
        assert (len(shrunk.case.deliveries), shrunk.switches) == (2, 2)
        assert shrunk.execution.violations == ("publishes",)


def lost(plan: Plan) -> Shrunk:
    attempt = attempts_of(ATOMIC, consumers=True)
    case = Case(choices=(), deliveries=("w0", "w1", "w2"), faults=plan)
    return shrink(case, attempt(case), attempt, oracle="replies")


def test_faults__those_that_do_not_matter_are_dropped() -> None:
    cause = Fault("w0", 0, FAIL_AFTER)
    shrunk = lost(frozenset({cause, Fault("w1", 0, FAIL_BEFORE), Fault("w0'", 0, FAIL_BEFORE)}))
    assert shrunk.case.deliveries == ("w0",)
    assert shrunk.case.faults == {cause}
    assert shrunk.switches == 1


def test_faults_of_a_dropped_delivery__go_with_it() -> None:
    plan = frozenset({Fault("w0", 0, FAIL_AFTER), Fault("w1", 0, FAIL_BEFORE)})
    assert lost(plan).case.faults == {Fault("w0", 0, FAIL_AFTER)}


def test_most_attempts__the_smallest_case_so_far() -> None:
    failure = failures(READ_BACK, 20)[0]
    case = Case(choices=())
    shrunk = shrink(case, failure, attempts_of(READ_BACK), oracle="publishes", most_attempts=1)
    assert shrunk.attempts == 1
    assert shrunk.switches <= switches(tasks_of(failure))


def test_preferring__passes_over_tasks_that_can_not_move() -> None:
    execution = Model(CHECK_SET_PUBLISH, 2).execute(Preferring(["w1", "w9", "w0", "w1"]))
    assert tasks_of(execution) == ("w1", "w0", "w1", "w1", "w0", "w0")


def test_nothing_to_drop__the_case_stays() -> None:
    attempt = attempts_of(CHECK_SET_PUBLISH)
    case = Case(choices=("w0", "w1", "w1", "w1"), deliveries=("w0", "w1"), faults=NO_FAULTS)
    shrunk = shrink(case, attempt(case), attempt, oracle="publishes")
    assert shrunk.case == Case(
        choices=("w0", "w1", "w1", "w1", "w0", "w0"), deliveries=("w0", "w1")
    )


def second_publish(execution: Execution) -> int:
    publishes = [
        number
        for number, move in enumerate(execution.moves, 1)
        if move.signature.startswith("publish")
    ]
    return publishes[1]


@BOTS
def test_what_comes_after_it_is_decided__is_put_off(bot: Bot) -> None:
    for failure in failures(bot, 100):
        shrunk = shrink(
            Case(choices=()),
            failure,
            attempts_of(bot),
            oracle="publishes",
            decided=second_publish,
        )
        until = second_publish(shrunk.execution)
        assert len(set(shrunk.case.choices[:until])) == 2
        assert switches(shrunk.case.choices[:until]) <= 2
