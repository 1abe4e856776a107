"""What the tests of the direct binding share: an app around an endpoint, and its client."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

Make = Callable[..., Any]
Endpoint = Callable[[Any, Request], Awaitable[Response]]
ECHO = "https://echo.test"


def app_of(endpoint: Endpoint, **options: Any) -> Callable[[Any], Any]:
    """What makes the app of an endpoint that is given its client."""

    def make(http: Any) -> Any:
        async def hook(request: Request) -> Response:
            return await endpoint(http, request)

        return Starlette(routes=[Route("/", hook, methods=["POST"])], **options)

    return make


async def calls_at_once(http: Any, request: Request) -> Response:
    answers = await asyncio.gather(*(http.get(f"{ECHO}/{number}") for number in range(5)))
    return PlainTextResponse(" ".join(answer.text for answer in answers))
