"""What a bot reaches for outside of its world, and what of the process it leaves alone."""

import os
from collections.abc import Callable
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

Make = Callable[..., Any]


def test_tls_contexts__are_shared_between_clients(small_world: Make, one_route: Make) -> None:
    import httpx._transports.default

    default: Any = httpx._transports.default
    contexts: list[Any] = []

    async def endpoint(request: Request) -> Response:
        contexts.append(default.create_ssl_context(verify=True, cert=None, trust_env=True))
        return PlainTextResponse("ok")

    before = default.create_ssl_context
    world = small_world(one_route(endpoint))
    world.post("/", "u0.w0")
    world.post("/", "u1.w0")
    world.run()
    assert len(contexts) == 2
    assert contexts[0] is contexts[1]
    world.driver.close()
    world.simulation.__exit__(None, None, None)
    assert default.create_ssl_context is before
    world.simulation.__enter__()


def test_unknown_host__is_refused_and_found(small_world: Make, one_route: Make) -> None:
    async def endpoint(request: Request) -> Response:
        async with httpx.AsyncClient() as client:
            try:
                await client.get("https://api.openai.com/v1/models")
            except httpx.ConnectError as error:
                return PlainTextResponse(str(error))
        return PlainTextResponse("reached")

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() == "api.openai.com is not part of this world"
    assert [(entry.name, entry.detail["host"]) for entry in world.entries("finding")] == [
        ("unknown-host", "api.openai.com")
    ]


def test_other_library__is_refused_at_its_socket(small_world: Make, one_route: Make) -> None:
    import urllib.error
    import urllib.request

    async def endpoint(request: Request) -> Response:
        try:
            urllib.request.urlopen("http://api.example.com/")  # noqa: ASYNC210 - what bots do
        except Exception as error:
            return PlainTextResponse(str(error))
        return PlainTextResponse("reached")

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text().startswith("a connection to api.example.com by another library than httpx")
    assert [(entry.name, entry.detail["host"]) for entry in world.entries("finding")] == [
        ("unmediated", "api.example.com")
    ]


def test_process_outside_the_bot__keeps_its_network_and_entropy(
    small_world: Make, one_route: Make
) -> None:
    import socket

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("ok")

    small_world(one_route(endpoint))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with socket.create_connection(listener.getsockname()) as connection:
            assert connection.getpeername() == listener.getsockname()
    assert os.urandom(16) != os.urandom(16)


def test_requests_of_the_test_itself__pass_respx_by(small_world: Make, one_route: Make) -> None:
    import respx

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("ok")

    small_world(one_route(endpoint))
    with respx.mock(using="httpx") as router:
        router.get("https://mine.test/").respond(200, text="the test's own")
        assert httpx.get("https://mine.test/").text == "the test's own"


def test_route_of_the_users_test__answers_the_bot(small_world: Make, one_route: Make) -> None:
    import respx

    async def endpoint(request: Request) -> Response:
        async with httpx.AsyncClient() as client:
            mine = await client.get("https://mine.test/")
            other = await client.get("https://echo.test/fake")
        return PlainTextResponse(mine.text + " " + other.text)

    world = small_world(one_route(endpoint))
    with respx.mock(assert_all_called=False) as router:
        router.get("https://mine.test/").respond(200, text="the test's own")
        world.post("/")
        world.run()
    assert world.text() == "the test's own /fake"
