"""People from a file, and what the bot made of each thing they did."""

from pathlib import Path

import pytest

from emulator import World
from emulator.meta.people.conversation import Conversation, reads, says, taps, waits
from emulator.meta.people.conversation_file import load_conversations
from emulator.meta.people.reactions_report import report_reactions
from emulator.meta.people.scripted import play

BOT = pytest.mark.thrice(app="reference_bot.app:app", profile="reference_bot/thrice.toml", copies=3)


@BOT
def test_people_from_a_file_are_answered_once_each(world: World) -> None:
    played = play(world.meta, load_conversations(Path(__file__).with_name("people.toml")))
    world.run_until_quiet()

    report = report_reactions(world.journal, played.messages, world.meta.dialect)

    told = [str(item) for item in report.items if item.outcome != "not told"]
    assert "u0 ada text: answered" in told
    assert [item.outcome for item in report.items if item.message.kind == "text"] == (
        ["answered"] * 6
    )


@BOT
def test_a_person_in_python(world: World) -> None:
    hurried = Conversation(
        "cleo",
        (says("hello"), waits(0.2), says("hello?"), waits(60), taps("Start"), reads()),
    )
    play(world.meta, [hurried])
    world.run_until_quiet()

    assert {sent.text for sent in world.meta.sent} == {"You said: hello", "You said: hello?"}
