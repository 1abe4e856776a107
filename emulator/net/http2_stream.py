"""What is known of one stream of an HTTP/2 connection: the request as it comes in, and the answer
as far as the client lets it go out. No frames, no sockets.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.exchange import Headers, Reply
from emulator.grpc.replies import TRAILERS
from emulator.net.framing import OF_THE_CONNECTION

if TYPE_CHECKING:
    from emulator.net.connection import Arrival

Fields = list[tuple[bytes, bytes]]


@dataclass(slots=True, eq=False)
class Stream:
    """`waiting` are its requests that are not answered: one, or several while the call stays open
    and is cut into requests; the last of these may be the `poll`, which the client knows nothing
    of. `out` is what remains to be sent of an answer whose head was sent, then `trailers`.
    """

    id: int
    method: str
    url: str
    headers: Headers
    is_grpc: bool
    stays_open: bool
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False
    waiting: "list[Arrival]" = field(default_factory=list)
    poll: "Arrival | None" = None
    started: bool = False
    out: bytearray = field(default_factory=bytearray)
    ends: bool = False
    trailers: Fields = field(default_factory=list)

    @property
    def asks(self) -> bool:
        """Whether something that the client said is not answered."""
        return any(arrival is not self.poll for arrival in self.waiting)


def head_of(reply: Reply, *, sized: bool) -> Fields:
    """The fields of a reply's head, those of the connection made anew."""
    fields = [(b":status", str(reply.status).encode())]
    fields += [
        (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in reply.headers
        if name.lower() not in OF_THE_CONNECTION and name.lower() not in TRAILERS
    ]
    if sized and reply.status not in (204, 304):
        fields.append((b"content-length", str(len(reply.body)).encode()))
    return fields


def trailers_of(reply: Reply) -> Fields:
    """What is said behind the body."""
    return [
        (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in reply.headers
        if name.lower() in TRAILERS
    ]
