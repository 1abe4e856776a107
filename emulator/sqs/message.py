"""A message: what was sent, and what became of it."""

import hashlib
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from emulator.delivery import retry_name

# Where a message is: not visible yet, to be handed out, handed out, or no longer there.
Place = Literal["delayed", "waiting", "in flight", "gone"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A message attribute: its type (`String`, `Number.int`, ...) and its value."""

    data_type: str
    value: str | bytes


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What a bot sends. `dedup` is empty for one that is never known again; `delay_s` is None for
    the queue's own.
    """

    body: str
    attributes: Mapping[str, Attribute]
    trace: str = ""
    group: str = ""
    dedup: str = ""
    delay_s: float | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message comes from. `take_name` gives its causal name, once it is known to be new;
    `call_name` is that of the call.
    """

    take_name: Callable[[], str]
    call_name: str
    roots: tuple[str, ...] = ()
    generation: int = 0
    routes: tuple[str, ...] = ()
    cause: int = -1


@dataclass(slots=True, eq=False)
class Message:
    """One message in a queue. Times are seconds of the world's clock, `_unix` ones since 1970.

    `queue` is where it is, `order` its place there; `received` counts how often it was handed out,
    `repeats` its deliveries beside those; `handle` is that of the latest.
    """

    id: str
    name: str
    queue: str
    new: NewMessage
    order: int
    sent_at: float
    sent_unix: float
    visible_at: float
    origin: Origin
    entry: int
    place: Place = "waiting"
    received: int = 0
    repeats: int = 0
    first_received_unix: float = 0.0
    handle: str = ""
    last_status: int = 0
    lose_answer: bool = False
    dead_letter_of: str = ""

    @property
    def attempt_name(self) -> str:
        """The causal name of the delivery that is made now."""
        return retry_name(self.name, max(0, self.received - 1) + self.repeats)

    @property
    def sequence(self) -> str:
        """The sequence number: 20 digits, as the service's."""
        return f"{18_870_000_000_000_000_000 + self.order * 256:020d}"

    @property
    def body_md5(self) -> str:
        return md5(self.new.body.encode())

    @property
    def attributes_md5(self) -> str:
        return md5_of(self.new.attributes)


def md5_of(attributes: Mapping[str, Attribute]) -> str:
    """What clients check attributes by (SQS docs, "Calculating the MD5 message digest for message
    attributes"); empty when there are none.
    """
    if not attributes:
        return ""
    parts = []
    for name, attribute in sorted(attributes.items()):
        binary = attribute.data_type.partition(".")[0] == "Binary"
        value = attribute.value
        parts += [_sized(name.encode()), _sized(attribute.data_type.encode())]
        parts.append(b"\x02" if binary else b"\x01")
        parts.append(_sized(value if isinstance(value, bytes) else value.encode()))
    return md5(b"".join(parts))


def _sized(part: bytes) -> bytes:
    return struct.pack(">I", len(part)) + part


def md5(data: bytes) -> str:
    """In hexadecimal."""
    # A checksum of the protocol, which nothing's safety rests on.
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
