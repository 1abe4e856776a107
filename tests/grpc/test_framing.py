"""Messages in a body, and where they end."""

import pytest

from emulator.grpc.framing import framed, message_of, messages_of, split
from emulator.grpc.status import GrpcError


def test_framed_messages__are_read_back() -> None:
    body = framed([b"one", b"", b"x" * 70_000])
    assert body.startswith(b"\0\0\0\0\x03one\0\0\0\0\0")
    assert messages_of(body) == [b"one", b"", b"x" * 70_000]


def test_half_a_message__is_left() -> None:
    body = framed([b"one", b"two"])
    assert split(body[:-1]) == ([b"one"], b"\0\0\0\0\x03tw")
    assert split(b"\0\0") == ([], b"\0\0")


def test_body_that_ends_too_early__is_refused() -> None:
    with pytest.raises(GrpcError, match=r"^The body ends in the middle of a message\.$"):
        messages_of(framed([b"one"])[:-1])


@pytest.mark.parametrize("messages", [[], [b"one", b"two"]])
def test_call_that_takes_one_message__takes_one(messages: list[bytes]) -> None:
    wanted = rf"^The call takes one message and got {len(messages)}\.$"
    with pytest.raises(GrpcError, match=wanted):
        message_of(framed(messages))
