"""Bots that use threads: whatever they block on, the world sees it, answers it, and keeps its
clocks.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import anyio.from_thread
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from emulator.clock import VIRTUAL_EPOCH
from emulator.errors import BotHungError, ScenarioError

Make = Callable[..., Any]


def ask(path: str) -> str:
    return httpx.get(f"https://echo.test/{path}").text


def test_def_endpoint__is_answered_on_its_worker_thread(small_world: Make, one_route: Make) -> None:
    threads: list[str] = []

    def endpoint(request: Request) -> Response:
        threads.append(threading.current_thread().name)
        return PlainTextResponse(ask("one") + ask("two"))

    world = small_world(one_route(endpoint))
    for number in range(3):
        world.post("/", f"u{number}.w0")
    world.run()
    assert [world.text(f"u{number}.w0") for number in range(3)] == ["/one/two"] * 3
    assert all(name.startswith("AnyIO worker thread") for name in threads)


def test_sync_qstash__inside_async_def(small_world: Make, one_route: Make) -> None:
    from qstash import QStash

    async def endpoint(request: Request) -> Response:
        client = QStash("token", base_url="https://echo.test", retry=False)
        try:
            client.message.publish_json(url="https://bot.test/job", body={"a": 1})
        except ValueError:
            # The echoing service does not answer JSON; that it was asked is what matters here.
            return PlainTextResponse("asked")
        return PlainTextResponse("answered")

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() == "asked"
    assert world.echo.paths == ["/v2/publish/https://bot.test/job"]


def test_clocks__are_the_worlds_on_a_worker_and_on_an_executor(
    small_world: Make, one_route: Make
) -> None:
    readings: dict[str, float] = {}

    async def endpoint(request: Request) -> Response:
        def read(place: str) -> None:
            readings[place] = time.time()

        await anyio.to_thread.run_sync(read, "worker")
        await asyncio.get_running_loop().run_in_executor(None, read, "executor")
        thread = threading.Thread(target=read, args=("thread",))
        thread.start()
        thread.join()
        read("coroutine")
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint))
    world.post("/", at=5.0)
    world.run()
    assert readings == dict.fromkeys(
        ("worker", "executor", "thread", "coroutine"), VIRTUAL_EPOCH + 5.0
    )


def test_time_sleep__is_virtual_on_the_loop_and_on_a_worker(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        time.sleep(3600)  # noqa: ASYNC251 - what bots do
        await anyio.to_thread.run_sync(time.sleep, 3600)
        return PlainTextResponse(f"{time.time() - VIRTUAL_EPOCH:.0f}")

    world = small_world(one_route(endpoint), timeout_s=10_000.0)
    world.post("/", timeout_s=10_000.0)
    world.run()
    assert world.text() == "7200"


@pytest.mark.parametrize("workers", [1, 3])
def test_pool_map__inside_async_def_lends_the_baton(
    small_world: Make, one_route: Make, workers: int
) -> None:
    async def endpoint(request: Request) -> Response:
        with ThreadPoolExecutor(workers) as pool:
            return PlainTextResponse("".join(pool.map(ask, ["a", "b", "c"])))

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() == "/a/b/c"


def test_parallel_calls_of_threads__get_the_same_names_in_every_run(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, [f"p{number}" for number in range(8)]))
        return PlainTextResponse("ok")

    def names() -> list[tuple[str, object]]:
        world = small_world(one_route(endpoint))
        world.post("/")
        world.run()
        return [(entry.name, entry.detail["url"]) for entry in world.entries("call")]

    first = names()
    assert len(first) == 8
    assert all(names() == first for _ in range(5))


def test_from_thread_run__calls_back_into_the_loop(small_world: Make, one_route: Make) -> None:
    async def fetch(path: str) -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"https://echo.test/{path}")).text

    def endpoint(request: Request) -> Response:
        return PlainTextResponse(anyio.from_thread.run(fetch, "inner") + ask("outer"))

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() == "/inner/outer"


def test_thread_left_behind__is_reported_and_its_calls_are_late(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        threading.Thread(target=ask, args=("left",), name="publisher").start()
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), instances=1)
    world.post("/")
    world.run()
    assert world.status() == 200
    assert world.echo.paths == []
    assert [call.name for call in world.gate.late_calls] == ["u0.w0#0"]
    survivors = [
        entry.detail["thread"]
        for entry in world.entries("instance")
        if entry.detail["event"] == "thread survives the response"
    ]
    assert survivors == ["publisher"]


def test_timer_left_behind__fires_in_a_later_invocation_and_is_charged_to_its_own(
    small_world: Make, one_route: Make
) -> None:
    async def endpoint(request: Request) -> Response:
        if request.headers.get("content-length") and not world.gate.late_calls:
            threading.Timer(30.0, ask, args=("timer",)).start()
            await asyncio.sleep(1)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), instances=1)
    world.post("/", "u0.w0")
    world.post("/", "u1.w0", at=100.0)
    world.run()
    assert [call.name for call in world.gate.late_calls][:1] == ["u0.w0#0"]
    assert world.echo.paths == []


def test_queue_get__times_out_on_virtual_time(small_world: Make, one_route: Make) -> None:
    def endpoint(request: Request) -> Response:
        before = time.time()
        try:
            queue.Queue[int]().get(timeout=90)
        except queue.Empty:
            return PlainTextResponse(f"{time.time() - before:.0f}")
        return PlainTextResponse("got")

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() == "90"


def test_event_between_threads__is_seen_at_once(small_world: Make, one_route: Make) -> None:
    def endpoint(request: Request) -> Response:
        ready = threading.Event()
        answers: list[str] = []

        def helper() -> None:
            answers.append(ask("helper"))
            ready.set()

        threading.Thread(target=helper).start()
        ready.wait()
        return PlainTextResponse(answers[0])

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() == "/helper"


def test_lock_held_across_a_call__makes_the_other_thread_wait(
    small_world: Make, one_route: Make
) -> None:
    def endpoint(request: Request) -> Response:
        lock = threading.Lock()
        order: list[str] = []

        def careful(name: str) -> None:
            with lock:
                order.append(f"{name} in")
                ask(name)
                order.append(f"{name} out")

        threads = [threading.Thread(target=careful, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return PlainTextResponse(" ".join(order))

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() in ("a in a out b in b out", "b in b out a in a out")


def test_deadlock_on_a_lock__ends_the_run_with_its_stack(
    small_world: Make, one_route: Make
) -> None:
    async def locked_twice(request: Request) -> Response:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire(timeout=1.5)
        return PlainTextResponse("never")

    world = small_world(one_route(locked_twice), hang_limit_s=0.5)
    world.post("/")
    with pytest.raises(BotHungError, match=r"^the bot held i0 for more than 0\.5 s") as caught:
        world.run()
    assert "locked_twice" in caught.value.stack


def test_wait_that_nothing_can_end__is_a_function_time_out(
    small_world: Make, one_route: Make
) -> None:
    def endpoint(request: Request) -> Response:
        queue.Queue[int]().get()
        return PlainTextResponse("never")

    world = small_world(one_route(endpoint), timeout_s=30.0)
    world.post("/")
    world.run()
    assert world.status() == 504
    assert not world.simulation.tainted


def test_background_thread_of_the_module__may_beat_for_ever(
    small_world: Make, one_route: Make
) -> None:
    beats: list[float] = []

    def make() -> Any:
        def beat() -> None:
            while True:
                time.sleep(10)
                beats.append(time.time())

        threading.Thread(target=beat, daemon=True).start()

        async def endpoint(request: Request) -> Response:
            await asyncio.sleep(35)
            return PlainTextResponse("ok")

        return one_route(endpoint)()

    world = small_world(make, instances=1)
    world.post("/")
    world.run()
    assert world.status() == 200
    assert [round(beat - VIRTUAL_EPOCH) for beat in beats] == [10, 20, 30]


def test_threads__are_gone_after_close(small_world: Make, one_route: Make) -> None:
    pool_kept: list[ThreadPoolExecutor] = []

    def endpoint(request: Request) -> Response:
        pool = ThreadPoolExecutor(2)
        pool_kept.append(pool)
        pool.submit(queue.Queue[int]().get)
        threading.Thread(target=queue.Queue[int]().get).start()
        threading.Thread(target=ask, args=("late",)).start()
        return PlainTextResponse("ok")

    before = set(threading.enumerate())
    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    world.driver.close()
    assert set(threading.enumerate()) - before == set()
    assert not world.simulation.tainted


@pytest.mark.parametrize(
    ("policy", "paths"), [("withheld", []), ("answered", ["/left"]), ("reset", [])]
)
def test_leftover_call__goes_on_in_the_next_invocation_as_the_policy_says(
    small_world: Make, one_route: Make, policy: str, paths: list[str]
) -> None:
    outcomes: list[str] = []

    async def endpoint(request: Request) -> Response:
        async def left() -> None:
            async with httpx.AsyncClient() as client:
                try:
                    outcomes.append((await client.get("https://echo.test/left")).text)
                except httpx.ReadError as error:
                    outcomes.append(str(error))

        if request.url.query == "first":
            asyncio.create_task(left())  # noqa: RUF006 - the bug in question
            await asyncio.sleep(0.001)
        else:
            await asyncio.sleep(1)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), instances=1, late=policy)
    world.post("/?first", "u0.w0")
    world.post("/", "u1.w0", at=10.0)
    world.run()
    assert world.echo.paths == paths
    expected = {"withheld": [], "answered": ["/left"], "reset": ["the connection was lost"]}
    assert outcomes == expected[policy]
    assert [call.name for call in world.gate.late_calls] == ["u0.w0#0"]


def test_recycle__runs_the_shutdown_and_forgets_the_memory(
    small_world: Make, one_route: Make
) -> None:
    from collections.abc import AsyncIterator
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        yield
        async with httpx.AsyncClient() as client:
            await client.get("https://echo.test/goodbye")

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint, lifespan=lifespan), instances=1)
    world.post("/")
    world.run()
    world.host.recycle("i0")
    world.run()
    assert world.echo.paths == ["/goodbye"]
    assert world.host.instances == {}
    assert world.gate.late_calls == []


def test_kill__runs_no_shutdown(small_world: Make, one_route: Make) -> None:
    from collections.abc import AsyncIterator
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        yield
        async with httpx.AsyncClient() as client:
            await client.get("https://echo.test/goodbye")

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint, lifespan=lifespan), instances=1)
    world.post("/")
    world.run()
    world.host.kill("i0")
    world.run()
    assert world.echo.paths == []
    assert world.host.instances == {}


def test_recycle__of_a_busy_instance_is_refused(small_world: Make, one_route: Make) -> None:
    async def endpoint(request: Request) -> Response:
        await asyncio.sleep(10)
        return PlainTextResponse("ok")

    world = small_world(one_route(endpoint), instances=1)
    world.post("/")
    world.run(until=1.0)
    with pytest.raises(
        ScenarioError, match=r"^i0 is busy; only an instance at rest can be recycled$"
    ):
        world.host.recycle("i0")


def test_pool_of_a_shared_library__is_each_instances_own(
    small_world: Make, one_route: Make
) -> None:
    shared: list[ThreadPoolExecutor] = []

    async def endpoint(request: Request) -> Response:
        if not shared:
            shared.append(ThreadPoolExecutor(1))
        answer = await asyncio.get_running_loop().run_in_executor(shared[0], ask, "pooled")
        return PlainTextResponse(answer)

    world = small_world(one_route(endpoint), instances=3)
    for number in range(3):
        world.post("/", f"u{number}.w0")
    world.run()
    first = world.entries("instance")[0].instance
    world.host.kill(first)
    world.post("/", "u3.w0", at=10.0)
    world.run()
    assert [world.text(f"u{number}.w0") for number in range(4)] == ["/pooled"] * 4
    # They ran side by side: nobody queued behind another instance's worker.
    assert {entry.time for entry in world.entries("call")[:3]} == {0.0}


def test_many_pools_at_once__do_not_lock_each_other_out(small_world: Make, one_route: Make) -> None:
    async def endpoint(request: Request) -> Response:
        with ThreadPoolExecutor(4) as pool:
            return PlainTextResponse("".join(pool.map(ask, "abcdef")))

    world = small_world(one_route(endpoint), instances=4)
    for number in range(4):
        world.post("/", f"u{number}.w0")
    world.run()
    assert [world.text(f"u{number}.w0") for number in range(4)] == ["/a/b/c/d/e/f"] * 4


def test_exception_that_leaves_a_thread__is_told_on_the_bots_standard_error(
    small_world: Make, one_route: Make
) -> None:
    def work() -> None:
        raise RuntimeError("the queue is gone")

    async def endpoint(request: Request) -> Response:
        thread = threading.Thread(target=work, name="worker")
        thread.start()
        thread.join()
        return PlainTextResponse("served")

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.text() == "served"
    assert world.simulation.output.lines[-1] == "RuntimeError: the queue is gone"
