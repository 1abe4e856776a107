"""Exactly one thread runs at a time, and one that never gives control back is found and named."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from emulator.errors import BotHungError
from emulator.serverless.baton import BotThread, current_thread


def test_run__works_on_the_bots_own_thread() -> None:
    thread = BotThread("i0")
    seen: list[Any] = []
    thread.run(lambda: seen.append((threading.current_thread().name, current_thread())))
    assert seen == [("thrice-bot-i0", thread)]
    assert current_thread() is None
    assert thread.close()


def test_run__raises_what_the_job_raised() -> None:
    thread = BotThread("i0")

    def job() -> None:
        raise ValueError("from the bot")

    with pytest.raises(ValueError, match=r"^from the bot$"):
        thread.run(job)
    assert thread.close()


def test_park__gives_the_baton_back_until_resumed() -> None:
    thread = BotThread("i0")
    order: list[str] = []

    def job() -> None:
        order.append("before")
        thread.park()
        order.append("after")

    thread.run(job)
    order.append("kernel")
    assert thread.parked
    thread.resume()
    assert order == ["before", "kernel", "after"]
    assert thread.close()


def test_two_parked_threads__can_be_resumed_in_reverse_order() -> None:
    first, second = BotThread("i0"), BotThread("i1")
    order: list[str] = []
    for thread in (first, second):

        def job(thread: BotThread = thread) -> None:
            thread.park()
            order.append(thread.name)

        thread.run(job)
    second.resume()
    first.resume()
    assert order == ["i1", "i0"]
    assert first.close()
    assert second.close()


def test_close__unwinds_a_parked_thread() -> None:
    thread = BotThread("i0")
    unwound: list[str] = []

    def job() -> None:
        try:
            thread.park()
        finally:
            unwound.append("finally")

    thread.run(job)
    thread.abandon()
    assert unwound == ["finally"]
    assert thread.close()
    assert not thread.alive


def test_busy_loop__is_found_by_the_watchdog_and_rescued() -> None:
    thread = BotThread("i0", hang_limit_s=0.2)

    def spins_for_ever() -> None:
        while True:
            pass

    with pytest.raises(
        BotHungError, match=r"^the bot held i0 for more than 0\.2 s of real time"
    ) as caught:
        thread.run(spins_for_ever)
    assert "spins_for_ever" in caught.value.stack
    assert thread.close()
    assert not thread.alive


def test_blocking_call_inside_async_def__parks_instead_of_dead_locking(
    small_world: Callable[..., Any], one_route: Callable[..., Any]
) -> None:
    async def endpoint(request: Request) -> Response:
        answer = httpx.get("https://echo.test/blocking")  # noqa: ASYNC210 - what bots do
        return PlainTextResponse(answer.text)

    world = small_world(one_route(endpoint))
    world.post("/", "u0.w0")
    world.post("/", "u1.w0")
    world.run()
    assert [world.text("u0.w0"), world.text("u1.w0")] == ["/blocking", "/blocking"]


def test_bot_that_spins__ends_the_run_with_its_stack(
    small_world: Callable[..., Any], one_route: Callable[..., Any]
) -> None:
    async def spinning_endpoint(request: Request) -> Response:
        while True:
            pass

    world = small_world(one_route(spinning_endpoint), hang_limit_s=0.3)
    world.post("/")
    with pytest.raises(BotHungError, match=r"while it handled u0\.w0 \(/\)$") as caught:
        world.run()
    assert "spinning_endpoint" in caught.value.stack
    assert world.simulation.tainted


def test_real_threads_of_the_process__keep_their_real_clock(
    small_world: Callable[..., Any], one_route: Callable[..., Any]
) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("ok")

    small_world(one_route(endpoint))
    read: list[float] = []
    reader = threading.Thread(target=lambda: read.append(time.time()))
    reader.start()
    reader.join()
    # freezegun leaves callers within five frames of `threading` alone; bots' threads are placed
    # below that on purpose.
    assert abs(read[0] - 1_790_000_000.0) > 1.0
