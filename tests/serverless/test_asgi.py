"""The simulated driver: clocks, lifespan, time limits, chance, freezing; each trap a test."""

import asyncio
import datetime
import os
import random
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from emulator.clock import VIRTUAL_EPOCH
from emulator.errors import BotStartError, ScenarioError
from emulator.exchange import Reply
from emulator.serverless import HostProfile, Simulation

Make = Callable[..., Any]


def test_clocks__are_the_worlds_in_a_callback_and_in_a_coroutine(
    small_world: Make, one_route: Make
) -> None:
    readings: list[float] = []

    def read() -> None:
        now = datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017 - the spelling bots use
        readings.extend([time.time(), now.timestamp(), time.time_ns() / 1e9])

    async def endpoint(request: Request) -> Response:
        read()
        asyncio.get_running_loop().call_soon(read)
        asyncio.get_running_loop().call_later(1.0, read)
        await asyncio.sleep(2.0)
        readings.append(asyncio.get_running_loop().time())
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint))
    world.post("/", at=7.0)
    world.run()
    start = VIRTUAL_EPOCH + 7.0
    assert readings == pytest.approx([start] * 6 + [start + 1.0] * 3 + [start + 2.0], abs=1e-3)


def test_sleep_of_a_day__costs_no_real_time_and_moves_every_clock(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        before = time.monotonic()
        await asyncio.sleep(600)
        return PlainTextResponse(f"{time.monotonic() - before:.1f}")

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() == "600.0"
    assert world.kernel.clock.now == pytest.approx(600.0)


def test_lifespan__runs_at_a_cold_start_and_its_state_reaches_requests(
    small_world: Make, one_route: Make
) -> None:
    from collections.abc import AsyncIterator
    from contextlib import asynccontextmanager

    started: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, str]]:
        async with httpx.AsyncClient() as client:
            answer = await client.get("https://echo.test/settings")
        started.append(answer.text)
        yield {"settings": answer.text}

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(request.state.settings)

    world = small_world(one_route(endpoint, lifespan=lifespan), instances=1)
    world.post("/", "u0.w0")
    world.post("/", "u1.w0", at=5.0)
    world.run()
    assert [world.text("u0.w0"), world.text("u1.w0")] == ["/settings", "/settings"]
    assert started == ["/settings"]


def test_lifespan__that_raises_is_refused(small_world: Make, one_route: Make) -> None:
    from collections.abc import AsyncIterator
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint, lifespan=lifespan))
    world.post("/")
    with pytest.raises(BotStartError, match=r"^RuntimeError: no database$"):
        world.run()


def test_app_without_lifespan__is_served(small_world: Make) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    world = small_world(lambda: app)
    world.post("/")
    world.run()
    assert world.status() == 204


def test_client_time_limit__expires_on_virtual_time(small_world: Make, one_route: Make) -> None:
    async def endpoint(request: Request) -> Response:
        async with httpx.AsyncClient(timeout=0.001) as client:
            try:
                await client.get("https://echo.test/slow")
            except httpx.ReadTimeout as error:
                return PlainTextResponse(str(error))
        return PlainTextResponse("answered")

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() == "no answer within 0.001 s"
    # The request was on the wire all the same: it took effect when it was due.
    assert world.echo.paths == ["/slow"]


def test_wait_for__gives_up_on_virtual_time(small_world: Make, one_route: Make) -> None:
    async def endpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(3):
                await asyncio.Event().wait()
        except TimeoutError:
            return PlainTextResponse("gave up")
        return PlainTextResponse("never")

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() == "gave up"
    assert world.kernel.clock.now == pytest.approx(3.0)


@pytest.mark.parametrize("kind", ["lambda", "vercel"])
def test_create_task__left_behind_never_takes_effect(
    small_world: Make, one_route: Make, kind: str
) -> None:
    kept: list[Any] = []

    async def endpoint(request: Request) -> Response:
        async def publish() -> None:
            async with httpx.AsyncClient() as client:
                await client.get("https://echo.test/publish")

        kept.append(asyncio.create_task(publish()))
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind=kind, instances=1)
    world.post("/", "u0.w0")
    world.post("/", "u1.w0", at=10.0)
    world.run()
    assert world.echo.paths == []
    # The first one's leftover ran during the second invocation, and is charged to the first.
    assert [call.name for call in world.gate.late_calls] == ["u0.w0#0"]


def test_background_task__is_frozen_on_lambda_and_awaited_on_vercel(
    small_world: Make, one_route: Make
) -> None:
    async def publish() -> None:
        async with httpx.AsyncClient() as client:
            await client.get("https://echo.test/publish")

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("ok", background=BackgroundTask(publish))

    on_vercel = small_world(one_route(endpoint), kind="vercel")
    on_vercel.post("/")
    on_vercel.run()
    assert on_vercel.echo.paths == ["/publish"]
    assert on_vercel.gate.late_calls == []
    on_lambda = small_world(one_route(endpoint), kind="lambda")
    on_lambda.post("/")
    on_lambda.run()
    assert on_lambda.echo.paths == []
    assert on_lambda.status() == 200


def test_call_parked_at_the_response__was_waited_for_by_nobody(
    small_world: Make, one_route: Make
) -> None:
    kept: list[Any] = []

    async def endpoint(request: Request) -> Response:
        client = httpx.AsyncClient()
        kept.append(asyncio.create_task(client.get("https://echo.test/publish")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.echo.paths == []
    assert [entry.detail["why"] for entry in world.entries("late")] == [
        "still parked at the response"
    ]


def test_streaming_response__ends_at_its_last_byte(small_world: Make, one_route: Make) -> None:
    async def endpoint(request: Request) -> Response:
        async def parts() -> Any:
            for part in ("a", "b", "c"):
                await asyncio.sleep(1)
                yield part

        return StreamingResponse(parts())

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() == "abc"
    assert world.kernel.clock.now == pytest.approx(3.0)


def test_function_time_out__is_a_504_and_the_memory_is_gone(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        await asyncio.Event().wait()
        return PlainTextResponse("never")

    world = small_world(one_route(endpoint), timeout_s=30.0)
    world.post("/")
    world.run()
    assert world.outcomes["u0.w0"] == Reply(
        504,
        (("content-type", "application/json"),),
        b'{"message":"Endpoint request timed out"}',
    )
    assert world.kernel.clock.now == pytest.approx(30.0)
    assert world.host.instances == {}


def test_one_request_each__more_start_more_instances_up_to_the_cap(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        await asyncio.sleep(1)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), kind="vercel", instances=2, max_instances=3)
    for number in range(5):
        world.post("/", f"u{number}.w0")
    world.run()
    assert sorted(world.status(f"u{number}.w0") for number in range(5)) == [200, 200, 200, 503, 503]
    assert world.host.cold_starts == 3


def test_late_work__is_revealed_without_effect(small_world: Make, one_route: Make) -> None:
    kept: list[Any] = []

    async def endpoint(request: Request) -> Response:
        async def later() -> None:
            await asyncio.sleep(60)
            async with httpx.AsyncClient() as client:
                await client.get("https://echo.test/later")

        kept.append(asyncio.create_task(later()))
        await asyncio.sleep(0)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.gate.late_calls == []
    assert world.driver.leftovers() == ["i0"]
    world.kernel.clock.move_to(world.kernel.clock.now + 61.0)
    world.gate.recording_only = True
    world.driver.reveal("i0")
    assert [call.request.url for call in world.gate.late_calls] == ["https://echo.test/later"]
    assert world.echo.paths == []


def test_environment__is_set_for_the_bot_and_restored(small_world: Make, one_route: Make) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(os.environ["THRICE_TEST_VARIABLE"])

    world = small_world(one_route(endpoint), env={"THRICE_TEST_VARIABLE": "given"})
    world.post("/")
    world.run()
    assert world.text() == "given"
    world.driver.close()
    world.simulation.__exit__(None, None, None)
    assert "THRICE_TEST_VARIABLE" not in os.environ
    world.simulation.__enter__()


def test_second_simulation__needs_the_first_to_end(small_world: Make, one_route: Make) -> None:
    small_world(one_route(None))
    with pytest.raises(
        ScenarioError, match=r"^one simulation at a time: end the first before you begin another$"
    ):
        Simulation(one_route(None)).__enter__()


def test_second_world__needs_the_first_to_be_closed(small_world: Make, one_route: Make) -> None:
    async def endpoint(request: Request) -> Response:
        return JSONResponse({})

    world = small_world(one_route(endpoint))
    with pytest.raises(
        ScenarioError, match=r"^close the world before you make another one in the same simulation$"
    ):
        world.simulation.connect(world.kernel, world.gate)


def test_draws__depend_on_the_seed_and_the_invocation_only(one_route: Make) -> None:
    state = random.getstate()

    def run(seed: int, order: list[str]) -> dict[str, str]:
        from emulator.delivery import Delivery
        from emulator.exchange import Request as Sent
        from emulator.gate import Gate
        from emulator.kernel import Kernel
        from emulator.serverless import Host

        async def endpoint(request: Request) -> Response:
            return PlainTextResponse(f"{uuid.uuid4()} {secrets.token_hex(4)}")

        answers: dict[str, str] = {}
        with Simulation(one_route(endpoint)) as simulation:
            kernel = Kernel(seed=seed)
            gate = Gate(kernel, [])
            driver = simulation.connect(kernel, gate)
            host = Host(kernel, gate, driver, HostProfile())
            driver.host = host
            kernel.origins["https://bot.test"] = host
            for name in order:
                kernel.deliver(
                    Delivery(
                        name=name,
                        kind="user",
                        due=0.0,
                        build=lambda: Sent("POST", "https://bot.test/"),
                        on_outcome=lambda outcome, name=name: answers.__setitem__(
                            name, getattr(outcome, "body", b"").decode()
                        ),  # type: ignore[misc]
                        timeout_s=10.0,
                    )
                )
            while kernel.run_step():
                pass
            driver.close()
        return answers

    forward = run(1, ["a", "b"])
    assert forward == run(1, ["b", "a"])
    assert forward["a"] != forward["b"]
    assert forward != run(2, ["a", "b"])
    assert random.getstate() == state
