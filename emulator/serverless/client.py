"""An httpx-shaped client that hands a request straight to the gate: for apps that accept their HTTP
client from outside.

It skips httpx's client, its transport and respx, which cost ten times as much as the call itself;
what the bot sees is the same.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.serverless.outbound import from_httpx, to_error

# httpx's own default (its documentation, "Timeouts").
DEFAULT_TIMEOUT_S = 5.0


class DirectClient:
    """As much of `httpx.AsyncClient` as bots use: requests, the context manager, `aclose`.

    `send` parks a request with the patience of its client, in seconds.
    """

    def __init__(
        self,
        send: Callable[[Request, float | None], Awaitable[Outcome]],
        *,
        headers: Mapping[str, str] | None = None,
        timeout: Any = DEFAULT_TIMEOUT_S,
    ) -> None:
        self.send = send
        self._headers = dict(headers or {})
        self._timeout = timeout

    async def request(
        self,
        method: str,
        url: Any,
        *,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: Any = None,  # noqa: ASYNC109 - httpx's own parameter
        **options: Any,
    ) -> httpx.Response:
        """Send a request and give back the whole response; raises what httpx would raise.

        `params`, `json`, `data` and the like mean what they mean for httpx.
        """
        limit = _read_limit(self._timeout if timeout is None else timeout)
        if options:
            made = httpx.Request(
                method, url, content=content, headers=self._merged(headers), **options
            )
            made.read()
            request = from_httpx(made)
        else:
            body = content.encode() if isinstance(content, str) else content or b""
            request = Request(method.upper(), str(url), self._lines(headers, url, body), body)
        outcome = await self.send(request, limit)
        if isinstance(outcome, Failure):
            raise to_error(outcome, httpx.Request(request.method, request.url))
        return _Answer(outcome, request)

    async def get(self, url: Any, **options: Any) -> httpx.Response:
        return await self.request("GET", url, **options)

    async def post(self, url: Any, **options: Any) -> httpx.Response:
        return await self.request("POST", url, **options)

    async def put(self, url: Any, **options: Any) -> httpx.Response:
        return await self.request("PUT", url, **options)

    async def patch(self, url: Any, **options: Any) -> httpx.Response:
        return await self.request("PATCH", url, **options)

    async def delete(self, url: Any, **options: Any) -> httpx.Response:
        return await self.request("DELETE", url, **options)

    async def aclose(self) -> None:
        """There is no connection to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _merged(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        return {**self._headers, **(headers or {})}

    def _lines(
        self, headers: Mapping[str, str] | None, url: Any, body: bytes
    ) -> tuple[tuple[str, str], ...]:
        host = str(url).partition("://")[2].partition("/")[0]
        lines = ("Host", host), *self._merged(headers).items()
        return (*lines, ("Content-Length", str(len(body)))) if body else lines


class _Answer(httpx.Response):
    """A response that has been read, without the work of reading it; its headers and its request
    are built when somebody asks. All this costs httpx more than the rest of a call.
    """

    def __init__(self, reply: Reply, sent: Request) -> None:
        self._reply = reply
        self._sent = sent
        self._made: httpx.Request | None = None
        super().__init__(reply.status, stream=httpx.ByteStream(reply.body))
        self._built: httpx.Headers | None = None
        if reply.header("content-encoding") is not None:
            self.read()
        else:
            # What `read` would leave behind.
            self._content = reply.body
            self.is_stream_consumed = True
            self.is_closed = True

    @property
    def headers(self) -> httpx.Headers:
        if self._built is None:
            reply = self._reply
            lines = list(reply.headers)
            if reply.body and reply.header("content-length") is None:
                lines.append(("content-length", str(len(reply.body))))
            self._built = httpx.Headers(lines)
        return self._built

    @headers.setter
    def headers(self, headers: httpx.Headers) -> None:
        self._built = headers

    @property
    def _request(self) -> httpx.Request | None:
        if self._made is None:
            self._made = httpx.Request(self._sent.method, self._sent.url)
        return self._made

    @_request.setter
    def _request(self, request: httpx.Request | None) -> None:
        self._made = request


def _read_limit(timeout: Any) -> float | None:
    limit = timeout.read if isinstance(timeout, httpx.Timeout) else timeout
    return None if limit is None else float(limit)
