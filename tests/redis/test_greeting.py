"""What a connection says before it works."""

import pytest

from emulator.redis import Pairs, Refusal, Status
from emulator.redis.greeting import Greeting


def words(text: str) -> list[bytes]:
    return [word.encode() for word in text.split()]


def test_hello__agrees_on_a_version() -> None:
    greeting = Greeting(7)
    answer = greeting.answer(words("HELLO 3 AUTH default secret SETNAME bot"))
    assert isinstance(answer, Pairs)
    assert (answer.items[b"proto"], answer.items[b"id"]) == (3, 7)
    assert (greeting.protocol, greeting.name) == (3, b"bot")
    assert greeting.answer(words("HELLO 4")) == Refusal("NOPROTO unsupported protocol version")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("AUTH secret", Status("OK")),
        ("CLIENT SETINFO LIB-NAME x", Status("OK")),
        ("CLIENT ID", 7),
        ("PING", Status("PONG")),
        ("PING x", b"x"),
        ("COMMAND DOCS", []),
        ("SELECT 3", Status("OK")),
        ("SELECT 99", Refusal("ERR DB index is out of range")),
        ("SELECT x", Refusal("ERR value is not an integer or out of range")),
        ("QUIT", Status("OK")),
        ("GET k", None),
        ("CLIENT LIST", None),
    ],
)
def test_answers(text: str, answer: object) -> None:
    assert Greeting(7).answer(words(text)) == answer


def test_info__says_that_nothing_is_loading() -> None:
    answer = Greeting(1).answer(words("INFO"))
    assert isinstance(answer, bytes)
    assert b"\r\nloading:0\r\n" in answer


def test_name_and_database__are_kept() -> None:
    greeting = Greeting(1)
    greeting.answer(words("CLIENT SETNAME bot"))
    greeting.answer(words("SELECT 5"))
    assert greeting.answer(words("CLIENT GETNAME")) == b"bot"
    assert greeting.database == 5
