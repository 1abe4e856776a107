"""Exactly one thread runs at a time, and one that never gives control back is found and named."""

import _thread
import itertools
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from emulator.errors import BotHungError
from emulator.serverless.baton import Crew, MainThread, Waiter, current_seat
from emulator.serverless.thread_status import Rest, rest_of


def test_run__works_on_the_bots_own_thread() -> None:
    main = MainThread(Crew("i0"))
    seen: list[Any] = []
    main.run(lambda: seen.append((threading.current_thread().name, current_seat())))
    assert seen == [("thrice-bot-i0", main.seat)]
    assert current_seat() is None
    assert main.free
    assert main.crew.dismiss()


def test_run__raises_what_the_job_raised() -> None:
    main = MainThread(Crew("i0"))

    def job() -> None:
        raise ValueError("from the bot")

    with pytest.raises(ValueError, match=r"^from the bot$"):
        main.run(job)
    assert main.crew.dismiss()


def test_wait__gives_the_baton_back_until_released() -> None:
    main = MainThread(Crew("i0"))
    waiter = Waiter(main.seat)
    order: list[str] = []

    def job() -> None:
        order.append("before")
        main.seat.wait(waiter)
        order.append("after")

    main.run(job)
    order.append("kernel")
    assert not main.free
    waiter.release()
    main.crew.settle()
    assert order == ["before", "kernel", "after"]
    assert main.crew.dismiss()


def test_two_waiting_threads__can_be_released_in_reverse_order() -> None:
    order: list[str] = []
    mains, waiters = [], []
    for name in ("i0", "i1"):
        main = MainThread(Crew(name))
        waiter = Waiter(main.seat)

        def job(main: MainThread = main, waiter: Waiter = waiter) -> None:
            main.seat.wait(waiter)
            order.append(main.crew.name)

        main.run(job)
        mains.append(main)
        waiters.append(waiter)
    for main, waiter in reversed(list(zip(mains, waiters, strict=True))):
        waiter.release()
        main.crew.settle()
    assert order == ["i1", "i0"]
    assert all(main.crew.dismiss() for main in mains)


def test_dismiss__unwinds_a_waiting_thread() -> None:
    main = MainThread(Crew("i0"))
    unwound: list[str] = []

    def job() -> None:
        try:
            main.seat.wait(Waiter(main.seat))
        finally:
            unwound.append("finally")

    main.run(job)
    assert main.crew.dismiss()
    assert unwound == ["finally"]


def test_busy_loop__is_found_by_the_watchdog_and_rescued() -> None:
    main = MainThread(Crew("i0", hang_limit_s=0.2))

    def spins_for_ever() -> None:
        while True:
            pass

    with pytest.raises(
        BotHungError, match=r"^the bot held i0 for more than 0\.2 s of real time"
    ) as caught:
        main.run(spins_for_ever)
    assert "spins_for_ever" in caught.value.stack
    assert main.crew.dismiss()
    assert not main.seat.thread.is_alive()


def test_thread_that_sleeps_for_a_reason_of_its_own__is_waited_for() -> None:
    main = MainThread(Crew("i0"))
    done: list[str] = []

    def job() -> None:
        threading.Event().wait(0.1)
        done.append("slept")

    main.run(job)
    assert done == ["slept"]
    assert main.crew.dismiss()


def test_thread_at_a_lock__stands_behind_others_unless_it_wakes_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crew = Crew("i0")
    waiting, stuck = MainThread(crew), MainThread(crew)
    waiting.run(lambda: waiting.seat.wait(Waiter(waiting.seat)))
    lock = _thread.allocate_lock()
    lock.acquire()

    def job() -> None:
        lock.acquire()

    stuck.run(job)
    assert (stuck.seat.state, rest_of(stuck.seat.thread).asleep) == ("running", True)
    assert crew._stands_behind_others()

    # As one does that waits for the interpreter, which others keep, or for a core.
    times = itertools.count()
    monkeypatch.setattr(
        "emulator.serverless.baton.rest_of", lambda thread: Rest(asleep=True, times=next(times))
    )
    assert not crew._stands_behind_others()
    lock.release()
    crew.settle()
    assert crew.dismiss()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not count")
def test_thread_that_waits_for_the_interpreter__wakes_to_ask_for_it() -> None:
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            pass

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        before = rest_of(thread)
        # This thread keeps the interpreter for many times as long as another one waits to ask.
        7**600_000 // 3**400_000
        assert rest_of(thread).times > before.times
    finally:
        over.set()
        thread.join()


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
    world.driver.close()
    assert not world.simulation.tainted


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
