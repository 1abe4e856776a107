"""The file that bots' processes take the time from, on the side of the world."""

import struct
from pathlib import Path

import pytest

from emulator.clock import DAY_S, VIRTUAL_EPOCH, VirtualClock
from emulator.errors import BotStartError
from emulator.net import wall
from emulator.serverless import faketime
from emulator.serverless.clock_file import ClockFile

EPOCH = wall.unix() + 1_000.0


def record_of(clock: ClockFile) -> tuple[float, float, float]:
    path = clock.joined({})["THRICE_CLOCK"]
    unix, times, both = struct.unpack("=ddd", Path(path).read_bytes())
    return unix, times, both


def test_record__tells_the_time_and_how_often_it_was_set() -> None:
    clock = ClockFile()
    assert record_of(clock) == (0.0, 0.0, 0.0)
    clock.show(EPOCH)
    clock.show(EPOCH + 1)
    assert record_of(clock) == (EPOCH + 1, 2.0, EPOCH + 3)
    clock.close()


def test_record__is_gone_when_it_is_closed() -> None:
    clock = ClockFile()
    path = Path(clock.joined({})["THRICE_CLOCK"])
    clock.close()
    clock.close()
    assert not path.exists()


def test_world__shows_its_clock_at_once_and_after_each_move() -> None:
    shown: list[float] = []
    clock = VirtualClock(EPOCH)
    clock.show(shown.append)
    clock.move_to(60.0)
    assert shown == [EPOCH, EPOCH + 60]


def test_world__with_a_bot_clock_moves_no_bot() -> None:
    assert VirtualClock().moves_bots
    assert not VirtualClock(bot_clock=wall.unix).moves_bots


def test_first_world__begins_within_a_day_of_now_at_the_time_of_day_that_was_asked_for() -> None:
    clock = ClockFile()
    begins = clock.begins(VIRTUAL_EPOCH)
    assert (begins - VIRTUAL_EPOCH) % DAY_S == 0
    assert begins >= max(VIRTUAL_EPOCH, wall.unix())
    assert begins < max(VIRTUAL_EPOCH + 1, wall.unix() + DAY_S)
    clock.close()


def test_next_world__begins_more_than_a_day_later() -> None:
    clock = ClockFile()
    first = clock.begins(EPOCH)
    clock.show(first + 3 * 3_600)
    second = clock.begins(EPOCH)
    assert second == first + 2 * DAY_S
    # An hour later on its day, as executions of one scene begin.
    clock.show(second + 3 * 3_600)
    assert clock.begins(EPOCH + 25 * 3_600) == second + 25 * 3_600
    clock.close()


def test_next_world__begins_when_the_last_one_is_over() -> None:
    clock = ClockFile()
    first = clock.begins(EPOCH)
    clock.show(first + 7 * DAY_S)
    assert clock.begins(EPOCH) == first + 8 * DAY_S
    clock.close()


def test_own_clock__is_told_nothing() -> None:
    clock = ClockFile("own")
    assert clock.joined({"A": "b"}) == {"A": "b"}
    clock.close()


def test_libfaketime__is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faketime, "FOLDERS", ("/nowhere",))
    message = (
        r'^\[bot\] clock = "libfaketime": libfaketime is not installed; on Debian and Ubuntu it '
        r"comes with apt-get install libfaketime$"
    )
    with pytest.raises(BotStartError, match=message):
        ClockFile("libfaketime")


def test_libfaketime__leaves_the_lists_that_it_adds_itself_to_as_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / faketime.NAME).touch()
    monkeypatch.setattr(faketime, "FOLDERS", (str(tmp_path),))
    monkeypatch.setenv("PYTHONPATH", "/mine")
    clock = ClockFile("libfaketime")
    variables = clock.joined({"LD_PRELOAD": "/other.so"})
    assert variables["LD_PRELOAD"] == f"{tmp_path / faketime.NAME}:/other.so"
    assert variables["PYTHONPATH"] == f"{faketime.PYTHON}:/mine"
    text = Path(variables["FAKETIME_TIMESTAMP_FILE"])
    assert text.read_text().split() == ["+0"]
    clock.show(1_900_000_000.25)
    assert text.read_text().split() == ["1900000000.250000"]
    clock.close()


def test_followed__is_answered_for_the_port_of_the_bot(tmp_path: Path) -> None:
    clock = ClockFile()
    assert not clock.is_followed(3000, tmp_path)
    (tmp_path / "clock-3000").touch()
    assert clock.is_followed(3000, tmp_path)
    assert not clock.is_followed(3001, tmp_path)
    clock.close()
