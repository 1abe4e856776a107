"""An ASGI application as its host calls it: the lifespan protocol, and one HTTP request after
another.
"""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from emulator.exchange import Reply, Request
from emulator.serverless.loop import InstanceLoop


class Application:
    """One instance's copy of the bot's application, on that instance's loop."""

    def __init__(self, app: Any, loop: InstanceLoop) -> None:
        self._app = app
        self._loop = loop
        self._state: dict[str, Any] = {}
        self._frozen_calls: list[asyncio.Future[None]] = []
        self._asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._shut_down: Callable[[], None] | None = None
        self._lifespan_over = False

    def thaw(self) -> None:
        """Let application calls that were frozen at their last byte go on."""
        for waiting in self._frozen_calls:
            if not waiting.done():
                waiting.set_result(None)
        self._frozen_calls.clear()

    async def call(
        self,
        request: Request,
        *,
        responded: Callable[[Reply], None],
        freeze_at_last_byte: bool,
    ) -> str | None:
        """Handle one request. Returns when the application call returns: None, or the traceback of
        what it raised.

        `responded` is told at the last byte of the response. With `freeze_at_last_byte` the loop
        stops at that very byte: neither this call nor anything else that is ready goes on.
        """
        loop = self._loop
        gone = loop.create_future()
        body_given = False
        status = 0
        headers: list[tuple[str, str]] = []
        chunks: list[bytes] = []
        complete = False

        async def receive() -> dict[str, Any]:
            nonlocal body_given
            if not body_given:
                body_given = True
                return {"type": "http.request", "body": request.body, "more_body": False}
            if not complete:
                await gone
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.extend(
                    (_text(key), _text(value)) for key, value in message.get("headers", ())
                )
            elif message["type"] == "http.response.body" and not complete:
                chunks.append(bytes(message.get("body", b"")))
                if not message.get("more_body", False):
                    complete = True
                    responded(Reply(status, tuple(headers), b"".join(chunks)))
                    if not gone.done():
                        gone.set_result(None)
                    if freeze_at_last_byte:
                        loop.freeze()
                        thawed = loop.create_future()
                        self._frozen_calls.append(thawed)
                        await thawed

        try:
            await self._app(_scope(request, self._state), receive, send)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return traceback.format_exc()
        except Exception:
            return traceback.format_exc()
        return None

    async def lifespan(self, *, started: Callable[[], None], failed: Callable[[str], None]) -> None:
        """The lifespan protocol from start-up to shutdown. `started` or `failed` is called once."""
        told = False

        def tell(what: Callable[[], None]) -> None:
            nonlocal told
            if not told:
                told = True
                what()

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                tell(started)
            elif message["type"] == "lifespan.startup.failed":
                reason = _last_line(message.get("message") or "lifespan.startup.failed")
                tell(lambda: failed(reason))
            elif message["type"].startswith("lifespan.shutdown."):
                self._over()

        await self._asked.put({"type": "lifespan.startup"})
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self._state,
        }
        try:
            await self._app(scope, self._asked.get, send)
        except Exception as error:
            # As servers do by default: an app that does not know the protocol is served without it.
            if not _refuses_lifespan(error):
                reason = f"{type(error).__name__}: {error}"
                tell(lambda: failed(reason))
        tell(started)
        self._lifespan_over = True
        self._over()

    def shut_down(self, over: Callable[[], None]) -> None:
        """Ask the lifespan to end; `over` is called once it has, at once when there is none."""
        self._shut_down = over
        if self._lifespan_over:
            self._over()
        else:
            self._asked.put_nowait({"type": "lifespan.shutdown"})

    def _over(self) -> None:
        over, self._shut_down = self._shut_down, None
        if over is not None:
            over()


def _scope(request: Request, state: Mapping[str, Any]) -> dict[str, Any]:
    parts = request.parts
    headers = [
        (key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in request.headers
    ]
    if request.header("host") is None:
        headers.insert(0, (b"host", parts.netloc.encode("latin-1")))
    if request.body and request.header("content-length") is None:
        headers.append((b"content-length", str(len(request.body)).encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": unquote(request.raw_path),
        "raw_path": request.raw_path.encode("latin-1", "replace"),
        "query_string": request.raw_query.encode("latin-1", "replace"),
        "root_path": "",
        "headers": headers,
        "client": ("203.0.113.7", 443),
        "server": (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)),
        "state": dict(state),
    }


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _refuses_lifespan(error: Exception) -> bool:
    """Apps written for HTTP only fail on the scope's type: an assertion, a missing key, or an error
    that names the scope.
    """
    return (
        isinstance(error, AssertionError | KeyError | TypeError)
        or "lifespan" in str(error)
        or "scope" in str(error)
    )


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else text
