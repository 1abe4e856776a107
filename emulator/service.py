"""What the kernel asks of a fake service, and how a Starlette surface is called without an event
loop.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import unquote

from emulator.call import Access, Call
from emulator.errors import EmulatorBug
from emulator.exchange import Blocked, Outcome, Reply, Request, Slow

Message = MutableMapping[str, Any]
ASGIApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[Message]],
        Callable[[Message], Awaitable[None]],
    ],
    Awaitable[None],
]


class Service(Protocol):
    """A fake, as a plain synchronous object. Its effects are atomic: they happen inside
    `answer`.
    """

    name: str

    def claims(self, request: Request) -> bool:
        """Whether this address is this fake's."""

    def access(self, request: Request) -> Access:
        """What the request would read and write."""

    def answer(self, call: Call) -> Outcome | Slow | Blocked:
        """Apply the call and answer it, at once or later; or have it wait until it can be
        applied.
        """


# Where the requests of bots come from, as the fakes see it (RFC 5737: an address for examples).
CLIENT_IP = "203.0.113.7"


@lru_cache(maxsize=1024)
def _address(url: str) -> tuple[str, str, bytes, bytes, tuple[str, int]]:
    """What an ASGI scope says of a URL: scheme, path, raw path, query and server."""
    request = Request("GET", url)
    parts = request.parts
    return (
        parts.scheme,
        unquote(request.raw_path),
        request.raw_path.encode("latin-1", "replace"),
        request.raw_query.encode("latin-1", "replace"),
        (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)),
    )


def scope_of(request: Request, *, client_port: int) -> dict[str, Any]:
    """The ASGI scope of a request, as it was sent."""
    scheme, path, raw_path, query, server = _address(request.url)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": request.http_version,
        "method": request.method,
        "scheme": scheme,
        "path": path,
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [
            (key.lower().encode("latin-1"), value.encode("latin-1"))
            for key, value in request.headers
        ],
        "client": (CLIENT_IP, client_port),
        "server": server,
    }


class Answering:
    """What an ASGI application reads of a request, and the reply that it sends piece by piece."""

    __slots__ = ("_body", "_headers", "_request", "_status")

    def __init__(self, request: Request) -> None:
        self._request = request
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []

    async def receive(self) -> Message:
        return {"type": "http.request", "body": self._request.body, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers.extend(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message.get("headers", ())
            )
        elif message["type"] == "http.response.body":
            self._body.append(message.get("body", b""))

    def reply(self) -> Reply:
        """What was sent so far."""
        return Reply(self._status, tuple(self._headers), b"".join(self._body))


def call_asgi(app: ASGIApp, request: Request, **scope_extra: object) -> Reply:
    """Run an ASGI application on one request to its end, synchronously.

    The application may await only what is ready at once; the fakes' surfaces do. `scope_extra` is
    added to the scope, which is how a surface built once finds the fake of the current world.
    Raises EmulatorBug if the application really waits.
    """
    scope = scope_of(request, client_port=0)
    scope.update(scope_extra)
    answering = Answering(request)
    waiting = app(scope, answering.receive, answering.send).__await__()
    try:
        next(waiting)
    except StopIteration:
        return answering.reply()
    raise EmulatorBug(
        f"the surface of a fake waited while it answered {request.method} {request.url}"
    )
