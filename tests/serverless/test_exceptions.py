"""What a bot raises, and when the world hears of it."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

Make = Callable[..., Any]


def test_exception_in_the_app__is_a_500_with_its_traceback_in_the_journal(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        raise LookupError("no such thing")

    world = small_world(one_route(endpoint), kind="vercel")
    world.post("/")
    world.run()
    assert world.status() == 500
    (exception,) = exceptions(world)
    assert "LookupError: no such thing" in str(exception.detail["traceback"])
    assert exception.detail["error"] == "LookupError: no such thing"
    assert str(exception.detail["place"]).startswith("tests/serverless/test_exceptions.py:")


@pytest.mark.parametrize("kind", ["lambda", "vercel"])
def test_exception_behind_a_500__is_told_once_and_before_the_response(
    small_world: Make, one_route: Make, kind: str
) -> None:
    async def endpoint(request: Request) -> Response:
        raise LookupError("no such thing")

    world = small_world(one_route(endpoint), kind=kind, instances=1)
    world.post("/")
    world.run()
    told = [entry.kind for entry in world.entries() if entry in exceptions(world)]
    assert told == ["instance"]
    (response,) = world.entries("response")
    assert exceptions(world)[0].seq < response.seq
    # The frozen application raises it again when it goes on.
    world.post("/", name="u1.w0")
    world.run()
    assert [entry.detail["error"] for entry in exceptions(world)] == [
        "LookupError: no such thing"
    ] * 2


def test_exception_of_a_background_task__is_told_when_the_bot_goes_on(
    small_world: Make, one_route: Make
) -> None:
    async def fail() -> None:
        raise LookupError("too late")

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("ok", background=BackgroundTask(fail))

    world = small_world(one_route(endpoint), kind="lambda", instances=1)
    world.post("/")
    world.run()
    assert exceptions(world) == []
    world.post("/", name="u1.w0")
    world.run()
    assert [entry.detail["error"] for entry in exceptions(world)] == ["LookupError: too late"]


def test_exception_that_whoever_runs_the_world_handles__is_not_the_bots(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("try again", 503)

    world = small_world(one_route(endpoint))
    try:
        raise RuntimeError("of the test")
    except RuntimeError:
        world.post("/")
        world.run()
    assert world.status() == 503
    assert exceptions(world) == []


def exceptions(world: Any) -> list[Any]:
    return [e for e in world.entries("instance") if e.detail["event"] == "exception"]


def test_sys_exit_in_a_handler__kills_the_instance_only(small_world: Make, one_route: Make) -> None:
    import sys

    async def endpoint(request: Request) -> Response:
        sys.exit(3)

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.status() == 500
    assert world.host.instances == {}
