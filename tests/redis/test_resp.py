"""Commands from bytes, answers to bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.redis import Members, Pairs, Refusal, Status, Value
from emulator.redis.resp import Commands, ProtocolError, command_bytes, encode, reply_end
from emulator.redis.values import NO_LIST

ANSWERS: list[tuple[Value, bytes, bytes]] = [
    (None, b"$-1\r\n", b"_\r\n"),
    (NO_LIST, b"*-1\r\n", b"_\r\n"),
    (Status("OK"), b"+OK\r\n", b"+OK\r\n"),
    (Refusal("ERR no\r\nway"), b"-ERR no  way\r\n", b"-ERR no  way\r\n"),
    (b"a\r\nb", b"$4\r\na\r\nb\r\n", b"$4\r\na\r\nb\r\n"),
    (-3, b":-3\r\n", b":-3\r\n"),
    (1.5, b"$3\r\n1.5\r\n", b",1.5\r\n"),
    (
        [b"a", None, [1]],
        b"*3\r\n$1\r\na\r\n$-1\r\n*1\r\n:1\r\n",
        b"*3\r\n$1\r\na\r\n_\r\n*1\r\n:1\r\n",
    ),
    (Members([b"a"]), b"*1\r\n$1\r\na\r\n", b"~1\r\n$1\r\na\r\n"),
    (Pairs({b"k": 1}), b"*2\r\n$1\r\nk\r\n:1\r\n", b"%1\r\n$1\r\nk\r\n:1\r\n"),
]


@pytest.mark.parametrize(("value", "second", "third"), ANSWERS)
def test_answer__in_both_versions(value: Value, second: bytes, third: bytes) -> None:
    assert encode(value, 2) == second
    assert encode(value, 3) == third
    assert reply_end(second + b"+more\r\n") == len(second)
    assert reply_end(third + b"+more\r\n") == len(third)


@pytest.mark.parametrize(("value", "second", "third"), ANSWERS)
def test_answer_that_has_not_come_whole__has_no_end(
    value: Value, second: bytes, third: bytes
) -> None:
    assert {reply_end(third[:cut]) for cut in range(len(third))} == {None}


@given(st.lists(st.lists(st.binary(), min_size=1), max_size=5), st.integers(1, 40))
def test_commands__come_whole_however_they_are_cut(sent: list[list[bytes]], size: int) -> None:
    data = b"".join(command_bytes(*words) for words in sent)
    commands = Commands()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    found = [words for piece in pieces for words, _ in commands.feed(piece)]
    assert found == sent
    assert not commands.partial


def test_inline_command__is_taken() -> None:
    assert list(Commands().feed(b"PING  x\r\n\r\n")) == [([b"PING", b"x"], b"PING  x\r\n")]


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"*x\r\n", "invalid multibulk length"),
        (b"*1\r\n+x\r\n", "expected '$', got '+'"),
        (b"*1\r\n$x\r\n", "invalid bulk length"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"x" * 70_000, "too big inline request"),
        (b"*9999999\r\n", "invalid multibulk length"),
    ],
)
def test_what_is_no_command__is_refused(data: bytes, wrong: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        list(Commands().feed(data))
    assert str(refused.value) == wrong
