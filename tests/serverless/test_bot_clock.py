"""The bots' wall clock beside a freezegun of somebody else's."""

import time

import pytest
from freezegun import freeze_time

from emulator.errors import ScenarioError
from emulator.serverless.bot_clock import BotClock, frozen_at


def test_frozen_at__tells_the_time_of_the_innermost_freeze() -> None:
    assert frozen_at() is None
    with freeze_time("1970-01-02"), freeze_time("1970-01-01 00:00:01.5", tz_offset=3):
        assert frozen_at() == 1.5


def test_clock__inside_a_freeze_leaves_it_as_it_was() -> None:
    clock = BotClock()
    with freeze_time("1970-01-02"):
        clock.start(7.0)
        clock.move_to(9.0)
        assert time.time() == 9.0
        clock.stop()
        assert time.time() == 86_400.0
    assert frozen_at() is None


def test_clock__that_a_later_freeze_hides_refuses_to_move() -> None:
    clock = BotClock()
    clock.start(7.0)
    with (
        freeze_time("2020-01-01"),
        pytest.raises(ScenarioError, match=r"^freezegun was started or stopped while the world "),
    ):
        clock.move_to(7.0)
    clock.move_to(8.0)
    assert time.time() == 8.0
    clock.stop()
