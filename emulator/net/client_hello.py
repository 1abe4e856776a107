"""What the first message of a TLS client says, before anything is answered: which host it wants,
and which protocols it speaks. A pure function over bytes.
"""

from dataclasses import dataclass

HANDSHAKE = 0x16  # RFC 8446, section 5.1: the type of a record that holds handshake messages
_CLIENT_HELLO = 1  # section 4
_SERVER_NAME, _ALPN = 0, 16  # section 4.2


@dataclass(frozen=True, slots=True)
class ClientHello:
    """`server_name` is empty where the client names none; `protocols` are those it offers (ALPN),
    none where it leaves that open.
    """

    server_name: str = ""
    protocols: tuple[str, ...] = ()


def read_hello(data: bytes) -> ClientHello | None:
    """The message at the beginning of a connection; None while it is not complete.

    Raises ValueError for what is none.
    """
    message = b""
    rest = data
    while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4]):
        if rest and rest[0] != HANDSHAKE:
            raise ValueError("not a handshake record")
        if len(rest) < 5 or len(rest) < 5 + int.from_bytes(rest[3:5]):
            return None
        end = 5 + int.from_bytes(rest[3:5])
        message += rest[5:end]
        rest = rest[end:]
        if message[:1] not in (b"", bytes([_CLIENT_HELLO])):
            raise ValueError("not a ClientHello")
    body = _Reader(message[4 : 4 + int.from_bytes(message[1:4])])
    body.take(2 + 32)  # version, random
    for length_size in (1, 2, 1):  # session, cipher suites, compression methods
        body.block(length_size)
    name = ""
    protocols: tuple[str, ...] = ()
    extensions = _Reader(body.block(2) if body.left else b"")
    while extensions.left:
        kind = extensions.number(2)
        content = _Reader(extensions.block(2))
        if kind == _SERVER_NAME:
            name = _server_name(content)
        elif kind == _ALPN:
            protocols = _protocols(content)
    return ClientHello(name, protocols)


def _server_name(content: "_Reader") -> str:
    """RFC 6066, section 3: one name of each type, and there is one type."""
    names = _Reader(content.block(2))
    names.take(1)
    return names.block(2).decode("ascii")


def _protocols(content: "_Reader") -> tuple[str, ...]:
    """RFC 7301, section 3.1."""
    names = _Reader(content.block(2))
    found = []
    while names.left:
        found.append(names.block(1).decode("latin-1"))
    return tuple(found)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise ValueError("a length beyond the end of the message")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def block(self, length_size: int) -> bytes:
        """What follows its own length."""
        return self.take(self.number(length_size))
