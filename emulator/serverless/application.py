"""An ASGI application as its host calls it: the lifespan protocol, and one HTTP request after
another.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import Any

from emulator.exchange import Reply, Request
from emulator.serverless.loop import InstanceLoop
from emulator.serverless.raised import Raised
from emulator.service import scope_of


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
        responded: Callable[[Reply, Raised | None], None],
        at_last_byte: Callable[[], bool] = lambda: False,
        thawed: Callable[[], None] = lambda: None,
        ends_at_last_byte: bool = False,
    ) -> Raised | None:
        """Handle one request. Returns when the application call returns: None, or what it raised.

        `responded` is told at the last byte of the response, and of a server error also the
        exception that it is the answer to: frameworks answer while they handle it, and raise it
        again afterwards, when a frozen bot is not there to be heard. It is told once.

        Where a request `ends_at_last_byte`, what this call still does is not waited for: `thawed`
        is told as it goes on. `at_last_byte` is asked whether the loop stops at that very byte:
        then neither this call nor anything else that is ready goes on before the next request.
        """
        loop = self._loop
        gone: asyncio.Future[None] | None = None
        body_given = False
        status = 0
        headers: list[tuple[str, str]] = []
        chunks: list[bytes] = []
        complete = False
        told: BaseException | None = None
        # Whoever runs the world may be handling an exception of their own.
        outside = sys.exception()

        async def receive() -> dict[str, Any]:
            nonlocal body_given, gone
            if not body_given:
                body_given = True
                return {"type": "http.request", "body": request.body, "more_body": False}
            if not complete:
                gone = gone or loop.create_future()
                await gone
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal status, complete, told
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.extend(
                    (_text(key), _text(value)) for key, value in message.get("headers", ())
                )
            elif message["type"] == "http.response.body" and not complete:
                chunks.append(bytes(message.get("body", b"")))
                if not message.get("more_body", False):
                    complete = True
                    handled = sys.exception() if status >= 500 else None
                    told = handled if handled is not outside else None
                    responded(
                        Reply(status, tuple(headers), b"".join(chunks)),
                        Raised.of(told) if told is not None else None,
                    )
                    if gone is not None and not gone.done():
                        gone.set_result(None)
                    if at_last_byte():
                        thaw = loop.create_future()
                        self._frozen_calls.append(thaw)
                        await thaw
                    if ends_at_last_byte:
                        thawed()

        try:
            await self._app(_scope(request, self._state), receive, send)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return Raised.of(error)
        except Exception as error:
            return Raised.of(error) if error is not told else None
        finally:
            told = None
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
    scope = scope_of(request, client_port=443)
    headers = scope["headers"]
    names = [name for name, _ in headers]
    if b"host" not in names:
        headers.insert(0, (b"host", request.parts.netloc.encode("latin-1")))
    if request.body and b"content-length" not in names:
        headers.append((b"content-length", str(len(request.body)).encode()))
    scope["state"] = dict(state)
    return scope


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
