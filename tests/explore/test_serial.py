import pytest

from harness.explore.serial import Serial
from tests.explore._models import (
    ATOMIC,
    CHECK_PUBLISH_SET,
    CHECK_SET_PUBLISH,
    GOLD,
    IN_MEMORY,
    READ_BACK,
    Bot,
    Model,
)


@pytest.mark.parametrize("bot", [ATOMIC, CHECK_SET_PUBLISH, CHECK_PUBLISH_SET, READ_BACK])
def test_serial__no_race_shows(bot: Bot) -> None:
    assert Model(bot).execute(Serial()).violations == ()


def test_serial__a_bot_that_remembers_in_memory_fails_on_several_instances() -> None:
    assert Model(IN_MEMORY).execute(Serial()).violations == ("publishes",)


def test_serial__a_task_is_finished_before_the_next_by_name() -> None:
    execution = Model(GOLD, 2, starts=True, consumers=True).execute(Serial())
    assert execution.names == (
        *("w0", "w0#0"),
        *("w0.q0", "w0.q0#0", "w0.q0#1", "w0.q0#2"),
        *("w1", "w1#0"),
    )
