"""Messages by id: shown until a moment after the end, known for longer, bounded always."""

import pytest

from emulator.errors import EmulatorBug
from emulator.qstash.message import Message, Publish
from emulator.qstash.roster import Roster


def message(number: int) -> Message:
    publish = Publish(
        url="https://bot.example/",
        method="POST",
        header=(),
        delay_s=0,
        retries=0,
        timeout_s=None,
        retry_delay=None,
    )
    return Message(
        id=f"msg_{number}",
        name=f"x.q{number}",
        publish=publish,
        content=b"",
        caller_ip="",
        created_ms=0,
        roots=(),
        generation=1,
        routes=(),
        entry=-1,
    )


def test_message__is_shown_for_ten_seconds_after_its_end() -> None:
    roster = Roster(keep_s=60, keep_ended=10)
    one = message(1)
    roster.add(one)
    assert roster.find("msg_1", 1e9) is one

    roster.end(one, 5.0)

    assert roster.find("msg_1", 15.0) is one
    assert roster.find("msg_1", 15.001) is None
    assert roster.recall("msg_1") is one


def test_ended__are_forgotten_by_number() -> None:
    roster = Roster(keep_s=60, keep_ended=3)
    for number in range(100):
        one = message(number)
        roster.add(one)
        roster.end(one, 0.0)

    assert len(roster) == 3
    assert roster.recall("msg_96") is None
    assert roster.recall("msg_97") is not None


def test_ended__are_forgotten_by_age() -> None:
    roster = Roster(keep_s=60, keep_ended=10)
    for number, at in enumerate((0.0, 1.0, 60.5)):
        one = message(number)
        roster.add(one)
        roster.end(one, at)

    assert roster.recall("msg_0") is None
    assert roster.recall("msg_1") is not None


def test_under_way__are_never_forgotten() -> None:
    roster = Roster(keep_s=0, keep_ended=0)
    for number in range(100):
        roster.add(message(number))

    assert len(roster) == 100


def test_name__is_used_once() -> None:
    roster = Roster(keep_s=60, keep_ended=10)
    roster.add(message(1))

    with pytest.raises(EmulatorBug, match=r"^two messages have the name x\.q1$"):
        roster.add(message(1))
