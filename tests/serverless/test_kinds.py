"""The kinds of hosts, each by what it does to work that a response leaves behind, and to requests
that come at once.
"""

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

Make = Callable[..., Any]
FREEZING = ["lambda", "vercel", "vercel-fluid", "cloud-run"]
ONE_EACH = ["lambda", "vercel"]
SEVERAL = ["vercel-fluid", "cloud-run", "always-on"]


async def fetch(path: str) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"https://echo.test{path}")).text


def forgetting(kept: list[Any]) -> Callable[[Request], Any]:
    """An endpoint that publishes by a task that nobody awaits."""

    async def endpoint(request: Request) -> Response:
        kept.append(asyncio.create_task(fetch("/publish")))
        return PlainTextResponse("ok")

    return endpoint


@pytest.mark.parametrize("kind", FREEZING)
def test_a_task_that_nobody_awaits__is_lost(small_world: Make, one_route: Make, kind: str) -> None:
    world = small_world(one_route(forgetting([])), kind=kind)
    world.post("/")
    world.run()
    assert world.status() == 200
    assert world.echo.paths == []
    assert world.driver.leftovers() == ["i0"]


def test_a_task_that_nobody_awaits__is_done_where_nothing_is_frozen(
    small_world: Make, one_route: Make
) -> None:
    world = small_world(one_route(forgetting([])), kind="always-on")
    world.post("/")
    world.run()
    assert world.echo.paths == ["/publish"]
    assert world.gate.late_calls == []
    assert world.driver.leftovers() == []


@pytest.mark.parametrize(
    ("kind", "done"),
    [
        ("lambda", []),
        ("vercel", ["/publish"]),
        ("vercel-fluid", ["/publish"]),
        ("cloud-run", []),
        ("always-on", ["/publish"]),
    ],
)
def test_a_background_task__is_done_where_the_application_call_is_waited_for(
    small_world: Make, one_route: Make, kind: str, done: list[str]
) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("ok", background=BackgroundTask(fetch, "/publish"))

    world = small_world(one_route(endpoint), kind=kind)
    world.post("/")
    world.run()
    assert world.echo.paths == done


@pytest.mark.parametrize(
    ("kind", "done"), [("lambda", []), ("vercel", []), ("cloud-run", ["/publish"])]
)
def test_leftovers__go_on_with_the_next_request_where_the_host_only_throttles(
    small_world: Make, one_route: Make, kind: str, done: list[str]
) -> None:
    first = True

    async def endpoint(request: Request) -> Response:
        nonlocal first
        if first:
            first = False
            return await forgetting([])(request)  # type: ignore[no-any-return]
        await asyncio.sleep(1)
        return PlainTextResponse("second")

    world = small_world(one_route(endpoint), kind=kind, instances=1)
    world.post("/", "u0.w0")
    world.post("/", "u1.w0", at=10.0)
    world.run(until=9.0)
    assert world.echo.paths == []
    world.run()
    assert world.text("u1.w0") == "second"
    assert world.echo.paths == done
    assert [call.late for call in world.gate.late_calls] == [True]


@pytest.mark.parametrize("kind", SEVERAL)
def test_requests_at_once__share_an_instance_and_its_memory(
    small_world: Make, one_route: Make, kind: str
) -> None:
    open_now, most = 0, 0

    async def endpoint(request: Request) -> Response:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(1)
        open_now -= 1
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind=kind, instances=1)
    for number in range(3):
        world.post("/", f"u{number}.w0")
    world.run()
    assert most == 3
    assert world.host.cold_starts == 1
    assert world.kernel.clock.now == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ONE_EACH)
def test_requests_at_once__have_an_instance_each(
    small_world: Make, one_route: Make, kind: str
) -> None:
    async def endpoint(request: Request) -> Response:
        await asyncio.sleep(1)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind=kind, concurrency=10, instances=1)
    for number in range(3):
        world.post("/", f"u{number}.w0")
    world.run()
    assert world.host.cold_starts == 3


def test_instances__are_filled_before_others_start(small_world: Make, one_route: Make) -> None:
    async def endpoint(request: Request) -> Response:
        await asyncio.sleep(1)
        return PlainTextResponse("ok")

    world = small_world(
        one_route(endpoint), kind="vercel-fluid", concurrency=2, instances=2, max_instances=2
    )
    for number in range(5):
        world.post("/", f"u{number}.w0")
    world.run()
    assert [world.status(f"u{number}.w0") for number in range(5)] == [200, 200, 200, 200, 503]
    assert world.host.cold_starts == 2


def test_always_on__runs_as_many_as_it_was_told_and_spreads(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        await asyncio.sleep(1)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind="always-on", instances=2)
    for number in range(20):
        world.post("/", f"u{number}.w0")
    world.run()
    assert {world.status(f"u{number}.w0") for number in range(20)} == {200}
    assert world.host.cold_starts == 2


def test_calls__are_those_of_the_request_that_makes_them(
    small_world: Make, one_route: Make
) -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who")

    async def endpoint(request: Request) -> Response:
        body = request.headers["x-vercel-id"]
        who.set(body)
        await asyncio.gather(fetch("/one"), asyncio.to_thread(httpx.get, "https://echo.test/two"))
        assert who.get() == body
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind="vercel-fluid", instances=1)
    for number in range(3):
        world.post("/", f"u{number}.w0")
    world.run()
    assert world.host.cold_starts == 1
    calls = sorted((call.name, call.roots, call.detail["url"]) for call in world.entries("call"))
    assert [(name, roots) for name, roots, _ in calls] == [
        (f"u{number}.w0#{ordinal}", (f"u{number}",)) for number in range(3) for ordinal in (0, 1)
    ]
    assert {url for name, _, url in calls if name.startswith("u1.")} == {
        "https://echo.test/one",
        "https://echo.test/two",
    }


def test_left_behind_on_fluid__goes_on_while_another_request_keeps_the_instance_awake(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        if (await request.body()) == b"{}" and "slow" not in request.url.query:
            return await forgetting([])(request)  # type: ignore[no-any-return]
        await asyncio.sleep(5)
        return PlainTextResponse("slow")

    world = small_world(one_route(endpoint), kind="vercel-fluid", instances=1)
    world.post("/?slow", "u0.w0")
    world.post("/", "u1.w0", at=1.0)
    world.run()
    assert world.echo.paths == ["/publish"]
    # It was luck, and is told as what it is.
    assert [call.invocation.name for call in world.gate.late_calls] == ["u1.w0"]


def test_the_last_of_several_responses__freezes_what_nobody_waited_for(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        await asyncio.sleep(1)
        asyncio.get_running_loop().call_later(0.5, later)
        return PlainTextResponse("ok")

    ran: list[str] = []

    def later() -> None:
        ran.append("late")

    world = small_world(one_route(endpoint), kind="cloud-run", instances=1)
    world.post("/", "u0.w0")
    world.post("/", "u1.w0")
    world.run()
    assert world.host.cold_starts == 1
    assert ran == []
    assert world.driver.leftovers() == ["i0"]


def test_a_blocking_call__holds_the_other_requests_of_the_instance_up(
    small_world: Make, one_route: Make
) -> None:
    order: list[str] = []

    async def endpoint(request: Request) -> Response:
        order.append("in")
        httpx.get("https://echo.test/blocking")  # noqa: ASYNC210 - the point of the test
        order.append("out")
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind="vercel-fluid", instances=1)
    world.post("/", "u0.w0")
    world.post("/", "u1.w0", at=0.001)
    world.run()
    assert order == ["in", "out", "in", "out"]
    assert [world.status(f"u{number}.w0") for number in (0, 1)] == [200, 200]


def test_time_out_on_cloud_run__answers_and_leaves_the_instance_alive(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        if "hang" in request.url.query:
            await asyncio.Event().wait()
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind="cloud-run", instances=1, timeout_s=30.0)
    world.post("/?hang", "u0.w0")
    world.post("/", "u1.w0", at=60.0)
    world.run()
    assert (world.status("u0.w0"), world.status("u1.w0")) == (504, 200)
    assert world.host.cold_starts == 1


def test_time_out_on_fluid__ends_an_instance_only_when_it_serves_no_other(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        if "hang" in request.url.query:
            await asyncio.Event().wait()
        await asyncio.sleep(20)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind="vercel-fluid", instances=1, timeout_s=30.0)
    world.post("/?hang", "u0.w0")
    world.post("/", "u1.w0", at=20.0)
    world.run()
    assert (world.status("u0.w0"), world.status("u1.w0")) == (504, 200)
    world.post("/?hang", "u2.w0", at=100.0)
    world.run()
    assert world.status("u2.w0") == 504
    assert world.host.instances == {}


def test_an_instance_that_dies__fails_every_request_on_it(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        await asyncio.sleep(10)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind="cloud-run", instances=1)
    world.post("/", "u0.w0")
    world.post("/", "u1.w0")
    world.run(until=5.0)
    world.host.kill("i0")
    assert (world.status("u0.w0"), world.status("u1.w0")) == (503, 503)
    assert world.host.instances == {}


@pytest.mark.parametrize(("kind", "size"), [("lambda", 6_291_456), ("vercel", 4_500_000)])
def test_a_body_above_the_limit__is_refused_by_the_host(
    small_world: Make, one_route: Make, kind: str, size: int
) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(b"x" * int((await request.body()) or b"0"))

    world = small_world(one_route(endpoint), kind=kind)
    world.post("/", "u0.w0", body=b"0" * (size + 1))
    world.post("/", "u1.w0", body=str(size).encode())
    world.post("/", "u2.w0", body=str(size + 1).encode())
    world.run()
    assert [world.status(f"u{number}.w0") for number in range(3)] == [413, 200, 500]
    (finding,) = world.entries("finding")
    assert (finding.name, finding.detail) == (
        "response-too-large",
        {"what": f"{size + 1:,} bytes"},
    )


def test_an_application_that_does_not_answer__is_a_502_on_vercel(small_world: Make) -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("no lifespan")

    world = small_world(lambda: silent, kind="vercel")
    world.post("/")
    world.run()
    assert world.status() == 502


@pytest.mark.parametrize("kind", SEVERAL)
def test_two_runs__are_alike_with_requests_at_once(
    small_world: Make, one_route: Make, kind: str
) -> None:
    async def endpoint(request: Request) -> Response:
        await fetch("/one")
        await asyncio.sleep(0.01)
        return PlainTextResponse(await fetch("/two"))

    def run() -> list[str]:
        world = small_world(one_route(endpoint), kind=kind, instances=2, seed=3)
        for number in range(8):
            world.post("/", f"u{number}.w0", at=number * 0.005)
        world.run()
        return list(world.kernel.choices)

    assert run() == run()


def test_leftovers_that_went_on__take_effect_once(small_world: Make, one_route: Make) -> None:
    forget = forgetting([])

    async def endpoint(request: Request) -> Response:
        if "first" in request.url.query:
            return await forget(request)  # type: ignore[no-any-return]
        await asyncio.sleep(1)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind="cloud-run", instances=1)
    world.post("/?first", "u0.w0")
    for number in (1, 2, 3):
        world.post("/", f"u{number}.w0", at=10.0 * number)
    world.run()
    assert world.echo.paths == ["/publish"]
    assert len(world.gate.late_calls) == 1


def test_a_call_of_a_thread_that_outlives_the_response__waits_for_the_next_request(
    small_world: Make, one_route: Make
) -> None:
    from threading import Thread
    from time import sleep

    def work() -> None:
        sleep(5)
        httpx.get("https://echo.test/thread")

    async def endpoint(request: Request) -> Response:
        if "first" in request.url.query:
            Thread(target=work).start()
        else:
            await asyncio.sleep(1)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind="cloud-run", instances=1)
    world.post("/?first", "u0.w0")
    world.run(until=9.0)
    assert world.echo.paths == []
    world.post("/", "u1.w0", at=10.0)
    world.run()
    assert world.echo.paths == ["/thread"]
