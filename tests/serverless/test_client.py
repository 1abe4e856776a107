"""The direct client: what a bot sees through it is what it sees through httpx and respx."""

import gzip
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from emulator.exchange import Failure, Reply

Make = Callable[..., Any]


def seen_by(client: Any) -> Any:
    async def look(**options: Any) -> dict[str, Any]:
        try:
            answer = await client.request(
                "POST", "https://echo.test/a//b?x=%2F", headers={"X-One": "1"}, **options
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            return {"error": type(error).__name__, "text": str(error)}
        return {
            "status": answer.status_code,
            "headers": list(answer.headers.multi_items()),
            "content": answer.content.hex(),
            "text": answer.text,
            "read": (await answer.aread()).hex(),
            "url": str(answer.request.url),
            "closed": answer.is_closed,
        }

    return look


@pytest.mark.parametrize(
    "outcome",
    [
        Reply(200, (("content-type", "text/plain; charset=utf-8"),), "grüße".encode()),
        Reply(200, (("content-type", "application/json"),), b'{"a": [1]}'),
        Reply(204),
        Reply(200, (("content-encoding", "gzip"),), gzip.compress(b"packed", mtime=0)),
        Reply(404, (("content-type", "text/plain"),), b"no"),
        Reply(503),
        Failure("refused", "nobody there"),
        Failure("reset", "cut"),
        Failure("timeout", "too slow"),
    ],
)
@pytest.mark.parametrize(
    "options",
    [
        {"content": b"raw"},
        {"json": {"a": 1}},
        {"data": {"a": "1"}},
        {"params": {"y": "2"}},
        {"content": "text", "timeout": 30.0},
    ],
)
def test_direct_client__shows_what_httpx_shows(
    small_world: Make, one_route: Make, outcome: Any, options: dict[str, Any]
) -> None:
    sent: list[Any] = []

    def look(direct: bool) -> Any:
        made: list[Any] = []

        async def endpoint(request: Request) -> Response:
            return JSONResponse(await seen_by(made[0])(**options))

        def make() -> Any:
            made[:] = [world.simulation.client() if direct else httpx.AsyncClient()]
            return one_route(endpoint)()

        world = small_world(make)
        world.echo.outcome = outcome
        real = world.echo.answer

        def answer(call: Any) -> Any:
            sent.append((call.request.method, call.request.url, call.request.body))
            return real(call)

        world.echo.answer = answer
        world.post("/")
        world.run()
        return world.text()

    assert look(direct=True) == look(direct=False)
    assert sent[0] == sent[1]


def test_direct_client__has_httpx_default_patience(small_world: Make, one_route: Make) -> None:
    clients: list[Any] = []

    async def endpoint(request: Request) -> Response:
        async with clients[0] as client:
            for name in ("get", "post", "put", "patch", "delete"):
                answer = await getattr(client, name)(f"https://echo.test/{name}")
                assert answer.text == f"/{name}"
        return Response("ok")

    def make() -> Any:
        clients[:] = [world.simulation.client()]
        return one_route(endpoint)()

    world = small_world(make)
    world.post("/")
    world.run()
    assert world.text() == "ok"
    assert world.echo.paths == ["/get", "/post", "/put", "/patch", "/delete"]
