"""Messages as gRPC puts them into the body of a request or an answer (gRPC, "gRPC over HTTP2")."""

from collections.abc import Iterable

from emulator.grpc.status import Code, GrpcError

PREFIX_BYTES = 5  # whether it is compressed, and its length


def framed(messages: Iterable[bytes]) -> bytes:
    """The messages one behind the other, each with its prefix, uncompressed."""
    return b"".join(b"\0" + len(one).to_bytes(4) + one for one in messages)


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole messages at the beginning, without their prefixes, and what is left.

    Raises GrpcError for a compressed one (gRPC, "Compression": with UNIMPLEMENTED).
    """
    messages = []
    at = 0
    while len(data) - at >= PREFIX_BYTES:
        end = at + PREFIX_BYTES + int.from_bytes(data[at + 1 : at + PREFIX_BYTES])
        if data[at]:
            raise GrpcError(
                Code.UNIMPLEMENTED, "Compressed messages are not served here; send them plain."
            )
        if end > len(data):
            break
        messages.append(data[at + PREFIX_BYTES : end])
        at = end
    return messages, data[at:]


def messages_of(body: bytes) -> list[bytes]:
    """All messages of a whole body. Raises GrpcError for what can not be read."""
    messages, rest = split(body)
    if rest:
        raise GrpcError(Code.INTERNAL, "The body ends in the middle of a message.")
    return messages


def message_of(body: bytes) -> bytes:
    """The one message of a call that takes one. Raises GrpcError."""
    messages = messages_of(body)
    if len(messages) != 1:
        raise GrpcError(Code.INTERNAL, f"The call takes one message and got {len(messages)}.")
    return messages[0]
