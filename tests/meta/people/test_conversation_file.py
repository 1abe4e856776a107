"""Conversations in TOML, and what is wrong with them."""

from pathlib import Path

import pytest

from emulator.errors import ScenarioError
from emulator.meta.people.conversation import (
    THINK_S,
    Conversation,
    Doing,
    edits,
    happens,
    reacts,
    reads,
    says,
    sends,
    taps,
    thinks,
    unreacts,
    unsends,
    waits,
)
from emulator.meta.people.conversation_file import load_conversations

FILE = """
[[users]]
name = "ada"
script = [
  "says: hello: you",
  { waits = 3 },
  "taps: Get started",
  { taps = "Yes", payload = "y" },
  "sends",
  "sends: audio",
  { thinks = [1, 2.5] },
  "edits: hello again",
  "reads",
  "reacts",
  "unreacts: wow",
  "unsends",
  { happens = "order", note = "soon" },
]

[[users]]
name = "ben"
count = 2
starts_s = 7
think_s = [0, 0]
script = ["says: hi"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "chat.toml"
    path.write_text(text)
    return path


def test_load__every_verb(tmp_path: Path) -> None:
    ada, *_ = load_conversations(write(tmp_path, FILE))

    assert ada == Conversation(
        "ada",
        (
            says("hello: you"),
            waits(3),
            taps("Get started"),
            taps("Yes", "y"),
            sends(),
            sends("audio"),
            thinks(1, 2.5),
            edits("hello again"),
            reads(),
            reacts(),
            unreacts("wow"),
            unsends(),
            happens("order", note="soon"),
        ),
        0.0,
        THINK_S,
    )


def test_load__several_people_of_one_user(tmp_path: Path) -> None:
    _, *bens = load_conversations(write(tmp_path, FILE))

    act = (Doing("says", "hi"),)
    assert bens == [Conversation(f"ben{number}", act, 7.0, (0.0, 0.0)) for number in (0, 1)]


USER = '[[users]]\nname = "ada"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is nobody; write [[users]] with a name and a script"),
        ("users = 5", "there is nobody; write [[users]] with a name and a script"),
        ("users = [5]", "users[0] has to be a table with a name and a script"),
        ("user = 5", "user is not known; a conversation has [[users]]"),
        ("[[users]]\nscript = []", "users[0].name has to be a text"),
        (USER, 'users[0].script has to be a list, such as ["says: hello"]'),
        (USER + "script = []", "users[0]: ada has nothing to do"),
        (
            USER + "age = 5",
            "users[0].age is not known; a user has name, script, starts_s, think_s, count",
        ),
        (
            USER + 'script = ["says: hi"]\ncount = 0',
            "users[0].count has to be a whole number from 1 on, not 0",
        ),
        (
            USER + 'script = ["says: hi"]\nstarts_s = "soon"',
            "users[0].starts_s has to be a number of seconds, not soon",
        ),
        (
            USER + 'script = ["says: hi"]\nthink_s = 5',
            "users[0].think_s has to be two numbers of seconds, such as [1, 5]",
        ),
        (
            USER + 'script = ["says: hi"]\nthink_s = [5, 1]',
            "users[0].think_s has to rise, and goes from 5 to 1 s",
        ),
        (
            USER + 'script = ["says: hi", 5]',
            'users[0].script[1] has to be a text, such as "says: hello", or a table',
        ),
        (
            USER + 'script = ["shouts: hi"]',
            "users[0].script[0]: there is no verb shouts; it is one of says, taps, sends, edits, "
            "unsends, reacts, unreacts, reads, happens, waits, thinks",
        ),
        (
            USER + 'script = [{ shouts = "hi" }]',
            "users[0].script[0] needs one verb; it is one of says, taps, sends, edits, unsends, "
            "reacts, unreacts, reads, happens, waits, thinks",
        ),
        (
            USER + 'script = ["says"]',
            'users[0].script[0]: says what? Write "says: hello"',
        ),
        (USER + 'script = ["waits: 3"]', "users[0].script[0]: write { waits = 3 }"),
        (USER + 'script = ["thinks: 3"]', "users[0].script[0]: write { thinks = [1, 5] }"),
        (
            USER + "script = [{ waits = -1 }]",
            "users[0].script[0] has to be a number of seconds, not -1",
        ),
        (USER + 'script = ["reads: all"]', "users[0].script[0]: reads stands alone"),
        (
            USER + 'script = [{ says = "hi", loud = true }]',
            "users[0].script[0]: says has no loud",
        ),
        (
            USER + 'script = [{ taps = "Yes", payload = 5 }]',
            "users[0].script[0]: payload has to be a text, not 5",
        ),
        (
            USER + 'script = ["edits: hi"]',
            "users[0]: ada edits before having written anything",
        ),
    ],
)
def test_load__refused(text: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)

    with pytest.raises(ScenarioError) as caught:
        load_conversations(path)
    assert str(caught.value) == f"{path}: {message}"


def test_load__no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.toml can not be read: .*No such file"):
        load_conversations(tmp_path / "none.toml")


def test_load__no_toml(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"chat\.toml is not TOML: "):
        load_conversations(write(tmp_path, "users ="))
