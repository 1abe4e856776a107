from dataclasses import replace

import pytest

from harness.explore.complete import SleepSets
from harness.explore.execution import Chooser, Execution
from harness.explore.replay import confirm, replay
from harness.explore.search import Search
from harness.explore.serial import Serial
from tests.explore._models import CHECK_PUBLISH_SET, CHECK_SET_PUBLISH, READ_BACK, Model


def failure_of(model: Model) -> Execution:
    failure = Search(policy=SleepSets(), until_bad=True).run(model)[0].failure
    assert failure is not None
    return failure


def test_replay__makes_the_same_moves_and_gives_the_evidence() -> None:
    failure = failure_of(Model(READ_BACK))
    replayed = replay(Model(READ_BACK), failure.names)
    assert replayed.diverged == ""
    assert replace(replayed.execution, evidence=None) == failure
    assert replayed.execution.evidence.publishes == 2


def test_other_signature__diverged_at_that_move() -> None:
    failure = failure_of(Model(CHECK_SET_PUBLISH, 2))
    signatures = [move.signature for move in failure.moves]
    replayed = replay(Model(CHECK_PUBLISH_SET, 2), failure.names, signatures)
    assert replayed.diverged == "move 3: w1#1 was recorded as 'set u', and it is 'publish '"
    assert not replayed.execution.complete
    assert replayed.execution.names == failure.names[:2]


def test_move_that_is_not_there__diverged() -> None:
    replayed = replay(Model(CHECK_SET_PUBLISH, 2), ["w0#0", "w2#0"])
    assert replayed.diverged == "move 2: w2#0 was recorded, and there is w0#1, w1#0"


def test_run_that_goes_on__diverged() -> None:
    replayed = replay(Model(CHECK_SET_PUBLISH, 2), ["w0#0"])
    assert replayed.diverged == "move 2: nothing was recorded, and there is w0#1, w1#0"


def test_run_that_ends_sooner__diverged() -> None:
    names = Model(CHECK_SET_PUBLISH, 1).execute(Serial()).names
    replayed = replay(Model(CHECK_SET_PUBLISH, 1), [*names, "w0#3"])
    assert replayed.diverged == "move 4: w0#3 was recorded, and the run has ended"


class Flaky:
    """Breaks nothing any more in the execution with this number."""

    def __init__(self, model: Model, good: int) -> None:
        self.model = model
        self.left = good

    def execute(self, chooser: Chooser) -> Execution:
        self.left -= 1
        execution = self.model.execute(chooser)
        return execution if self.left else replace(execution, violations=())


def test_confirm__three_identical_replays() -> None:
    model = Model(CHECK_SET_PUBLISH)
    confirmation = confirm(model, failure_of(model))
    assert confirmation.confirmed
    assert confirmation.diverged == ""
    assert len(confirmation.replays) == 3


@pytest.mark.parametrize("good", [1, 3])
def test_confirm__a_failure_that_does_not_come_back_each_time_is_none(good: int) -> None:
    model = Model(CHECK_SET_PUBLISH)
    confirmation = confirm(Flaky(model, good), failure_of(model))
    assert not confirmation.confirmed
    assert confirmation.diverged == "it broke nothing, not publishes"
    assert len(confirmation.replays) == good
