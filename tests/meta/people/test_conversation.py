"""What can be put into a script."""

import pytest

from emulator.errors import ScenarioError
from emulator.meta.people.conversation import (
    Conversation,
    Doing,
    edits,
    happens,
    says,
    sends,
    taps,
    thinks,
    unsends,
    waits,
)


def test_taps__payload_is_the_title_in_capitals_unless_said() -> None:
    assert taps("Get started") == Doing("taps", "Get started", {"payload": "GET_STARTED"})
    assert taps("Yes", "y").details == {"payload": "y"}


def test_waits__is_thinking_without_a_choice() -> None:
    assert waits(3) == Doing("waits", seconds=(3, 3))
    assert thinks(1, 5) == Doing("thinks", seconds=(1, 5))


@pytest.mark.parametrize(("low_s", "high_s"), [(-1.0, 1.0), (2.0, 1.0), (0.0, float("inf"))])
def test_thinks__no_span(low_s: float, high_s: float) -> None:
    message = rf"^nobody can think for {low_s:g} to {high_s:g} s$"
    with pytest.raises(ScenarioError, match=message):
        thinks(low_s, high_s)


def test_happens__takes_what_the_item_takes() -> None:
    assert happens("order", note="soon") == Doing("happens", "order", {"note": "soon"})


def test_conversation__nothing_to_do() -> None:
    with pytest.raises(ScenarioError, match=r"^ada has nothing to do$"):
        Conversation("ada", ())


def test_conversation__nobody() -> None:
    with pytest.raises(ScenarioError, match=r"^a person needs a name$"):
        Conversation("", (says("hello"),))


def test_conversation__before_the_beginning() -> None:
    with pytest.raises(ScenarioError, match=r"^ada can not start at -1 s$"):
        Conversation("ada", (says("hello"),), starts_s=-1)


@pytest.mark.parametrize("act", [edits("hi"), unsends()])
def test_conversation__changes_what_was_never_written(act: Doing) -> None:
    with pytest.raises(ScenarioError, match=rf"^ada {act.verb} before having written anything$"):
        Conversation("ada", (waits(1), act, sends()))


def test_conversation__edits_five_times_at_most() -> None:
    five = [edits(f"hello {number}") for number in range(5)]
    Conversation("ada", (says("hello"), *five, says("again"), *five))

    with pytest.raises(ScenarioError, match=r"^ada edits a message more than 5 times$"):
        Conversation("ada", (says("hello"), *five, edits("once more")))
