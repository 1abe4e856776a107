"""The direct binding has one thread: a bot that needs another, or keeps the one, is told so."""

import asyncio
import contextlib
import socket
import threading
import time
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from emulator.errors import BotHungError, DirectBindingError
from emulator.serverless import Simulation
from tests.serverless._direct import ECHO, Endpoint, Make, app_of


def own_client() -> Any:
    return httpx.AsyncClient()


async def sleeps_for_real(http: Any, request: Request) -> Response:
    time.sleep(1)  # noqa: ASYNC251 - what the test is about
    return PlainTextResponse("ok")


async def asks_a_thread(http: Any, request: Request) -> Response:
    return PlainTextResponse(await asyncio.to_thread(lambda: "ok"))


async def starts_a_thread(http: Any, request: Request) -> Response:
    threading.Thread(target=print, name="helper").start()
    return PlainTextResponse("ok")


async def waits_for_a_thread(http: Any, request: Request) -> Response:
    threading.Event().wait()
    return PlainTextResponse("ok")


async def has_its_own_client(http: Any, request: Request) -> Response:
    async with own_client() as client:
        return PlainTextResponse((await client.get(f"{ECHO}/a")).text)


async def has_a_blocking_client(http: Any, request: Request) -> Response:
    return PlainTextResponse(httpx.get(f"{ECHO}/a").text)  # noqa: ASYNC210 - what the test is about


async def connects(http: Any, request: Request) -> Response:
    socket.create_connection(("10.0.0.1", 80))
    return PlainTextResponse("ok")


async def goes_on_regardless(http: Any, request: Request) -> Response:
    with contextlib.suppress(Exception):
        time.sleep(1)  # noqa: ASYNC251 - what the test is about
    return PlainTextResponse("ok")


@pytest.mark.parametrize(
    ("endpoint", "doing"),
    [
        (sleeps_for_real, r"calls time\.sleep \(test_one_thread\.py, line \d+\)"),
        (asks_a_thread, r"starts a thread, asyncio_0( \(test_one_thread\.py, line \d+\))?"),
        (starts_a_thread, r"starts a thread, helper \(test_one_thread\.py, line \d+\)"),
        (waits_for_a_thread, r"waits for another thread \(test_one_thread\.py, line \d+\)"),
        (
            has_its_own_client,
            r"calls echo\.test with an HTTP client of its own \(test_one_thread\.py, line \d+\)",
        ),
        (
            has_a_blocking_client,
            r"calls echo\.test with an HTTP client of its own \(test_one_thread\.py, line \d+\)",
        ),
        (connects, r"connects to 10\.0\.0\.1 by itself \(test_one_thread\.py, line \d+\)"),
        (goes_on_regardless, r"calls time\.sleep \(test_one_thread\.py, line \d+\)"),
    ],
)
def test_bot_that_needs_a_thread__is_refused_with_the_way_out(
    small_world: Make, endpoint: Endpoint, doing: str
) -> None:
    world = small_world(app_of(endpoint), direct=True)
    world.post("/")
    with pytest.raises(
        DirectBindingError,
        match=rf"^the bot {doing} while it handled u0\.w0 \(/\), but the direct binding has one "
        r"thread for everything and one client; run it without: module:attribute, or a factory "
        r"that is given no client$",
    ):
        world.run()


def test_def_endpoint__is_refused_with_the_way_out(small_world: Make) -> None:
    def make(http: Any) -> Any:
        def hook(request: Request) -> Response:
            return PlainTextResponse("ok")

        return Starlette(routes=[Route("/", hook, methods=["POST"])])

    world = small_world(make, direct=True)
    world.post("/")
    with pytest.raises(
        DirectBindingError,
        match=r"^the bot starts a thread, AnyIO worker thread while it handled u0\.w0 \(/\), but ",
    ):
        world.run()


def test_start_that_needs_a_thread__is_refused(small_world: Make) -> None:
    def make(http: Any) -> Any:
        threading.Thread(target=print, name="reporter").start()

    world = small_world(make, direct=True)
    world.post("/")
    with pytest.raises(
        DirectBindingError, match=r"^the bot starts a thread, reporter \(test_one_thread"
    ):
        world.run()


def test_busy_loop__ends_the_run_with_its_stack(small_world: Make) -> None:
    async def spin(http: Any, request: Request) -> Response:
        while True:
            pass

    world = small_world(app_of(spin), direct=True, hang_limit_s=0.3)
    world.post("/")
    with pytest.raises(
        BotHungError,
        match=r"^the bot held i0 for more than 0\.3 s of real time without a call, a sleep or an "
        r"answer while it handled u0\.w0 \(/\)$",
    ) as caught:
        world.run()
    assert "in spin" in caught.value.stack
    assert "run_step" not in caught.value.stack


def test_deadlock_on_a_lock__ends_the_run_with_its_stack(small_world: Make) -> None:
    async def lock_twice(http: Any, request: Request) -> Response:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
        return PlainTextResponse("ok")

    world = small_world(app_of(lock_twice), direct=True, hang_limit_s=0.3)
    world.post("/")
    with pytest.raises(BotHungError) as caught:
        world.run()
    assert "in lock_twice" in caught.value.stack


def test_run_after_a_hang__is_not_disturbed(small_world: Make) -> None:
    async def spin(http: Any, request: Request) -> Response:
        if (await request.body()) == b"{}":
            while True:
                pass
        return PlainTextResponse("ok")

    world = small_world(app_of(spin), direct=True, hang_limit_s=0.3)
    world.post("/")
    with pytest.raises(BotHungError):
        world.run()
    world.driver.close()
    assert sum(range(1_000_000)) == 499_999_500_000
    assert not Simulation.process_is_tainted()
