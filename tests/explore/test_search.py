import pickle
from dataclasses import replace
from itertools import count

import pytest

from harness.explore.bounded import Preemptions
from harness.explore.complete import EveryOrder, SleepSets
from harness.explore.execution import Chooser, Execution
from harness.explore.move import Move
from harness.explore.search import Found, NondeterministicError, Policy, Search
from tests.explore._models import CHECK_SET_PUBLISH, READ_BACK, Model

POLICIES = pytest.mark.parametrize("policy", [EveryOrder(), SleepSets(), Preemptions(2)], ids=repr)


@POLICIES
def test_pieces_put_in_order__are_what_the_whole_is(policy: Policy) -> None:
    search = Search(policy=policy)
    found = Found()
    left = [search.everything]
    while left:
        work = pickle.loads(pickle.dumps(left[0]))
        part, rest = search.run(Model(READ_BACK), [work], limit=7)
        assert part.finished == (not rest)
        found = found.then(replace(part, finished=True))
        left[:1] = rest
    assert found == search.run(Model(READ_BACK))[0]


def test_limit__the_search_says_that_it_is_unfinished() -> None:
    found, left = Search(policy=SleepSets()).run(Model(READ_BACK), limit=281)
    assert (found.executions, found.finished, len(left)) == (281, False, 1)


def test_limit_just_reached__finished() -> None:
    found, left = Search(policy=SleepSets()).run(Model(READ_BACK), limit=282)
    assert (found.executions, found.finished, left) == (282, True, [])


def test_stop__is_asked_before_each_execution() -> None:
    asked = count()
    found, _ = Search(policy=SleepSets()).run(Model(READ_BACK), stop=lambda: next(asked) == 5)
    assert (found.executions, found.finished) == (5, False)


def test_until_bad__ends_at_the_first_bad_execution() -> None:
    found, left = Search(policy=EveryOrder(), until_bad=True).run(Model(CHECK_SET_PUBLISH))
    assert (found.executions, found.first_bad, found.bad, found.finished) == (7, 7, 1, False)
    assert found.broken == {"publishes": 1}
    assert left


def test_failure__is_the_first_bad_execution_and_can_be_sent() -> None:
    found, _ = Search(policy=EveryOrder()).run(Model(CHECK_SET_PUBLISH, 2))
    assert found.failure is not None
    assert found.failure.names == ("w0#0", "w1#0", "w1#1", "w1#2", "w0#1", "w0#2")
    assert found.failure.violations == ("publishes",)
    assert pickle.loads(pickle.dumps(found)) == found


def test_longest__most_moves_of_an_execution() -> None:
    longest = [
        Search(policy=EveryOrder()).run(Model(bot, k))[0].longest
        for bot in (CHECK_SET_PUBLISH, READ_BACK)
        for k in (2, 3)
    ]
    assert longest == [6, 9, 8, 12]


def test_facts__each_is_kept_once() -> None:
    search = Search(policy=EveryOrder(), facts=lambda execution: execution.violations)
    assert search.run(Model(CHECK_SET_PUBLISH))[0].facts == {"publishes"}


class Forgetful:
    """Offers moves of other names from its second execution on."""

    def __init__(self) -> None:
        self.executions = 0

    def execute(self, chooser: Chooser) -> Execution:
        self.executions += 1
        made = []
        for choice in range(2):
            names = ["a", "b"] if self.executions == 1 else [f"c{choice}", f"d{choice}"]
            move = chooser.choose([Move(name, name) for name in names])
            assert move is not None
            made.append(move)
        return Execution(tuple(made), True)


def test_move_that_is_gone__the_bot_is_not_deterministic() -> None:
    message = (
        r"^after 0 moves a can not be made any more \(there is c0, d0\), although all choices were "
        r"repeated: given the same answers, the bot does not do the same$"
    )
    with pytest.raises(NondeterministicError, match=message):
        Search(policy=EveryOrder()).run(Forgetful())


class Shorter:
    """Ends sooner from its second execution on."""

    def __init__(self) -> None:
        self.choices = 2

    def execute(self, chooser: Chooser) -> Execution:
        made = [chooser.choose([Move("a", "a"), Move("b", "b")]) for _ in range(self.choices)]
        self.choices = 1
        return Execution(tuple(move for move in made if move is not None), True)


def test_run_that_ends_sooner__the_bot_is_not_deterministic() -> None:
    message = (
        r"^after 1 moves b can not be made any more \(there is nothing\), although all choices "
        r"were repeated: given the same answers, the bot does not do the same$"
    )
    with pytest.raises(NondeterministicError, match=message):
        Search(policy=EveryOrder()).run(Shorter())
