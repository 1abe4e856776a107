import pytest

from harness.explore.lockstep import Lockstep
from tests.explore._models import (
    ATOMIC,
    CHECK_PUBLISH_SET,
    CHECK_SET_PUBLISH,
    IN_MEMORY,
    READ_BACK,
    Bot,
    Model,
)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize(
    ("bot", "bad"),
    [
        (ATOMIC, False),
        (CHECK_SET_PUBLISH, True),
        (CHECK_PUBLISH_SET, True),
        (READ_BACK, False),
        (IN_MEMORY, True),
    ],
)
def test_lockstep__finds_check_then_act_and_misses_the_lock_read_back(
    bot: Bot, bad: bool, k: int
) -> None:
    assert Model(bot, k).execute(Lockstep()).violations == (("publishes",) if bad else ())


def test_lockstep__one_move_of_each_task_in_turn() -> None:
    execution = Model(CHECK_SET_PUBLISH, 2).execute(Lockstep())
    assert execution.names == ("w0#0", "w1#0", "w0#1", "w1#1", "w0#2", "w1#2")
