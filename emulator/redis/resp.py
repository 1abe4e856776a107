"""Redis's protocol: commands from bytes, and answers to bytes, in its second and third version
(Redis docs, "Redis serialization protocol specification").
"""

from collections.abc import Iterator

from emulator.redis.values import Members, NoList, Pairs, Raw, Refusal, Status, Value, plain

# Redis source, `networking.c`: words of a command, and bytes of one.
MAX_WORDS = 1024 * 1024
MAX_WORD_BYTES = 512 * 1024 * 1024
MAX_INLINE_BYTES = 64 * 1024


class ProtocolError(Exception):
    """What a client sent is no command; it is told so and hung up on."""


class Commands:
    """Takes bytes as they come, and gives back whole commands: their words, and the bytes that they
    were.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()

    @property
    def partial(self) -> bool:
        """Whether the rest of a command is to come."""
        return bool(self._bytes)

    def feed(self, data: bytes) -> Iterator[tuple[list[bytes], bytes]]:
        """Raises ProtocolError, with the words of the server (Redis source, `networking.c`)."""
        self._bytes += data
        while self._bytes:
            end = self._whole()
            if end is None:
                return
            raw = bytes(self._bytes[:end])
            del self._bytes[:end]
            words = _words(raw)
            if words:
                yield words, raw

    def _whole(self) -> int | None:
        """Where the first command ends; None when it has not come yet."""
        held = self._bytes
        line_end = held.find(b"\n")
        if line_end < 0:
            if len(held) > MAX_INLINE_BYTES:
                raise ProtocolError("too big inline request")
            return None
        if held[0] != ord("*"):
            return line_end + 1
        number = _number(held[1:line_end], "invalid multibulk length", MAX_WORDS)
        at = line_end + 1
        for _ in range(number):
            line_end = held.find(b"\n", at)
            if line_end < 0:
                return None
            if held[at] != ord("$"):
                raise ProtocolError(f"expected '$', got '{chr(held[at])}'")
            length = _number(held[at + 1 : line_end], "invalid bulk length", MAX_WORD_BYTES)
            if length < 0:
                raise ProtocolError("invalid bulk length")
            at = line_end + 1 + length + 2
            if at > len(held):
                return None
        return at


def _number(text: bytes | bytearray, wrong: str, most: int) -> int:
    try:
        number = int(text.strip())
    except ValueError:
        raise ProtocolError(wrong) from None
    if number > most:
        raise ProtocolError(wrong)
    return number


def _words(raw: bytes) -> list[bytes]:
    if raw[:1] != b"*":
        return raw.split()
    words, at = [], raw.index(b"\n") + 1
    while at < len(raw):
        line_end = raw.index(b"\n", at)
        length = int(raw[at + 1 : line_end])
        words.append(raw[line_end + 1 : line_end + 1 + length])
        at = line_end + 1 + length + 2
    return words


def command_bytes(*words: bytes) -> bytes:
    """A command as clients send it."""
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
    return b"".join(parts)


def encode(value: Value, protocol: int) -> bytes:
    """An answer in version 2 or 3 of the protocol."""
    if protocol == 2:
        value = plain(value)
    match value:
        case None:
            return b"$-1\r\n" if protocol == 2 else b"_\r\n"
        case Raw(data):
            return data
        case NoList():
            return b"*-1\r\n" if protocol == 2 else b"_\r\n"
        case Status(text):
            return b"+" + text.encode() + b"\r\n"
        case Refusal(text):
            return b"-" + text.replace("\r", " ").replace("\n", " ").encode() + b"\r\n"
        case bytes():
            return b"$%d\r\n%s\r\n" % (len(value), value)
        case int():
            return b":%d\r\n" % value
        case float():
            return b"," + repr(value).removesuffix(".0").encode() + b"\r\n"
        case Members(items):
            return _listed(b"~", list(items), protocol)
        case Pairs(pairs):
            parts = [b"%%%d\r\n" % len(pairs)]
            for key, item in pairs.items():
                parts += [encode(key, protocol), encode(item, protocol)]
            return b"".join(parts)
        case _:
            return _listed(b"*", list(value), protocol)


def _listed(kind: bytes, items: list[Value], protocol: int) -> bytes:
    head = b"%s%d\r\n" % (kind, len(items))
    return head + b"".join(encode(item, protocol) for item in items)


def reply_end(data: bytes | bytearray, at: int = 0) -> int | None:
    """Where the answer that begins at `at` ends, whatever it says; None when it has not come whole.

    Raises ProtocolError for what is no answer.
    """
    open_items = 1
    while open_items:
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            return None
        kind, text = data[at : at + 1], data[at + 1 : line_end]
        at = line_end + 2
        open_items -= 1
        if kind in (b"$", b"=", b"!"):
            length = _number(text, "invalid bulk length", MAX_WORD_BYTES)
            at += length + 2 if length >= 0 else 0
        elif kind in (b"*", b"~", b">"):
            open_items += max(0, _number(text, "invalid multibulk length", MAX_WORDS))
        elif kind in (b"%", b"|"):
            open_items += 2 * _number(text, "invalid multibulk length", MAX_WORDS) + (kind == b"|")
        elif kind not in (b"+", b"-", b":", b"_", b",", b"#", b"("):
            raise ProtocolError(f"no answer begins with {bytes(kind)!r}")
        if at > len(data):
            return None
    return at
