"""What both ends of an HTTP/1.1 connection need: heads as bytes, and which headers are the
connection's own.
"""

from collections.abc import Iterable
from http import HTTPStatus

from emulator.exchange import Headers, Reply, Request

# RFC 9110, section 7.6.1, and RFC 9112, section 6: these describe one connection or the framing on
# it, and are made anew on the next.
OF_THE_CONNECTION = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

_REASONS = {status.value: status.phrase for status in HTTPStatus}


def end_to_end(headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers without those that belong to one connection."""
    return tuple(pair for pair in headers if pair[0].lower() not in OF_THE_CONNECTION)


def reply_bytes(reply: Reply, *, method: str, keep_alive: bool) -> bytes:
    """A response as it goes over the wire; without its body when the method or status has none."""
    bare = method == "HEAD" or reply.status in (204, 304) or reply.status < 200
    status, body = reply.status, reply.body
    lines = [
        f"{name}: {value}\r\n"
        for name, value in reply.headers
        if name.lower() not in OF_THE_CONNECTION
    ]
    length = "" if status in (204, 304) else f"content-length: {len(body)}\r\n"
    text = (
        f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\n{''.join(lines)}{length}"
        f"connection: {'keep-alive' if keep_alive else 'close'}\r\n\r\n"
    )
    head = text.encode("latin-1", "replace")
    return head if bare else head + body


def request_bytes(request: Request) -> bytes:
    """A request as it goes over the wire, with the headers it has, in their order and case."""
    lines = [f"{request.method} {request.target} HTTP/1.1"]
    if request.header("host") is None:
        lines.append(f"Host: {request.parts.netloc}")
    lines += [f"{name}: {value}" for name, value in end_to_end(request.headers)]
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + request.body
