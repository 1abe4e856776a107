"""Catches what bots send: httpx by respx at its real addresses, everything else at the socket, on
bots' threads only.
"""

import socket
import ssl
import sys
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

import httpx
import httpx._transports.default
from respx.mocks import Mocker
from respx.models import AllMockedAssertionError, PassThrough
from respx.router import Router

from emulator.errors import UnsupportedLibraryError
from emulator.exchange import Failure, Outcome, Request
from emulator.serverless.baton import current_seat

Sent = Callable[[Request, float | None], Outcome]
SentAsync = Callable[[Request, float | None], Awaitable[Outcome]]


class _GateRouter(Router):
    """A respx router that hands every request of a bot's thread to the gate and keeps no record of
    it (respx keeps 3.6 KB a call).
    """

    def __init__(
        self, send: Sent, send_async: SentAsync, mockers: tuple[type[Mocker], ...]
    ) -> None:
        super().__init__(assert_all_called=False)
        self._send = send
        self._send_async = send_async
        self._mockers = mockers

    def handler(self, request: httpx.Request) -> httpx.Response:
        self._only_bots(request)
        request.read()
        return to_response(self._send(from_httpx(request), _timeout(request)), request)

    async def async_handler(self, request: httpx.Request) -> httpx.Response:
        self._only_bots(request)
        await request.aread()
        return to_response(await self._send_async(from_httpx(request), _timeout(request)), request)

    def _only_bots(self, request: httpx.Request) -> None:
        """Step aside for everybody else, and for routes that the user's own test has defined.

        respx asks the routers of one layer in turn while they raise AllMockedAssertionError;
        PassThrough goes on to the layer below, where a router of another kind, or the network,
        takes over.
        """
        mine, *below = self._mockers
        beside = [router for router in mine.routers if router is not self]
        seat = current_seat()
        if seat is None:
            if beside:
                raise AllMockedAssertionError(f"RESPX: {request!r} not mocked!")
            raise PassThrough("not a request of a bot", request=request, origin=None)  # type: ignore[arg-type]
        if any(_takes(router, request) for router in beside):
            raise AllMockedAssertionError(f"RESPX: {request!r} is for a route of the test")
        if any(_takes(router, request) for mocker in below for router in mocker.routers):
            raise PassThrough("a route of the test", request=request, origin=None)  # type: ignore[arg-type]
        seat.stands_still(f"calls {request.url.host} with an HTTP client of its own")


def _takes(router: Router, request: httpx.Request) -> bool:
    return any(
        route.pattern is not None and bool(route.pattern.match(request)) for route in router.routes
    )


class Outbound:
    """The patches of one run. `send` and `send_async` park a request at the gate and give back its
    outcome.
    """

    def __init__(self, send: Sent, send_async: SentAsync, refuse: Callable[[str], None]) -> None:
        registry = Mocker.registry
        self._mocker = registry["httpx"]
        self._router = _GateRouter(send, send_async, (self._mocker, registry["httpcore"]))
        self._refuse = refuse
        self._undo: list[Callable[[], None]] = []

    def start(self) -> None:
        self._mocker.register(self._router)
        self._mocker.start()
        self._share_tls_contexts()
        self._spare_repeated_work()
        self._guard_sockets()

    def stop(self) -> None:
        while self._undo:
            self._undo.pop()()
        self._mocker.unregister(self._router)
        self._mocker.stop()

    def _share_tls_contexts(self) -> None:
        """Loading certificates costs 25 ms a client, and no simulated client ever uses them."""
        transports: Any = httpx._transports.default
        real: Callable[..., ssl.SSLContext] = transports.create_ssl_context
        shared: dict[str, ssl.SSLContext] = {}

        def create(*args: Any, **kwargs: Any) -> ssl.SSLContext:
            if current_seat() is None:
                return real(*args, **kwargs)
            key = repr((args, sorted(kwargs.items(), key=lambda item: item[0])))
            if key not in shared:
                shared[key] = real(*args, **kwargs)
            return shared[key]

        transports.create_ssl_context = create
        self._undo.append(lambda: setattr(transports, "create_ssl_context", real))

    def _spare_repeated_work(self) -> None:
        """Two things cost httpx a third of a request: taking an address apart, though a bot knows
        few, and asking the cookie jar about answers that set no cookie.
        """
        jar: Any = httpx.Cookies
        extract = jar.extract_cookies

        def extract_set(cookies: httpx.Cookies, response: httpx.Response) -> None:
            if "set-cookie" in response.headers:
                extract(cookies, response)

        jar.extract_cookies = extract_set
        self._undo.append(lambda: setattr(jar, "extract_cookies", extract))
        # Private to httpx: a version that has none of that name is only slower.
        urls: Any = sys.modules.get("httpx._urls")
        if take_apart := getattr(urls, "urlparse", None):
            # What it gives back can not be changed.
            urls.urlparse = lru_cache(maxsize=1024)(take_apart)
            self._undo.append(lambda: setattr(urls, "urlparse", take_apart))

    def _guard_sockets(self) -> None:
        """Refuse every other way to the network, with the library and the host in the message."""
        refuse = self._refuse

        def guard(owner: Any, name: str, address_at: int) -> None:
            real = getattr(owner, name)

            def guarded(*args: Any, **kwargs: Any) -> Any:
                seat = current_seat()
                if seat is None:
                    return real(*args, **kwargs)
                address = args[address_at] if len(args) > address_at else kwargs
                host = address[0] if isinstance(address, tuple) else address
                seat.stands_still(f"connects to {host} by itself")
                message = (
                    f"a connection to {host} by another library than httpx; "
                    "the simulation can only see httpx, so the call was refused"
                )
                refuse(str(host))
                raise UnsupportedLibraryError(message)

            inherited = name not in vars(owner)
            setattr(owner, name, guarded)
            self._undo.append(
                lambda: delattr(owner, name) if inherited else setattr(owner, name, real)
            )

        guard(socket, "create_connection", 0)
        guard(socket, "getaddrinfo", 0)
        guard(socket.socket, "connect", 1)
        guard(socket.socket, "connect_ex", 1)


def from_httpx(request: httpx.Request) -> Request:
    """The request as it would go out, byte for byte."""
    url = request.url
    origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
    headers = tuple(
        (key.decode("latin-1"), value.decode("latin-1")) for key, value in request.headers.raw
    )
    return Request(request.method, origin + url.raw_path.decode("ascii"), headers, request.content)


def _timeout(request: httpx.Request) -> float | None:
    """respx ignores httpx's time limits, so the gate keeps the one that matters: how long the
    client waits for an answer.
    """
    timeouts = request.extensions.get("timeout", {})
    limit = timeouts.get("read")
    return float(limit) if limit is not None else None


def to_response(outcome: Outcome, request: httpx.Request) -> httpx.Response:
    """What httpx gives back or raises for an outcome."""
    if isinstance(outcome, Failure):
        raise to_error(outcome, request)
    return httpx.Response(
        outcome.status, headers=list(outcome.headers), content=outcome.body, request=request
    )


def to_error(failure: Failure, request: httpx.Request) -> httpx.TransportError:
    """What httpx raises for a failure."""
    message = failure.message or failure.kind
    if failure.kind == "timeout":
        return httpx.ReadTimeout(message, request=request)
    if failure.kind == "reset":
        return httpx.ReadError(message, request=request)
    return httpx.ConnectError(message, request=request)
