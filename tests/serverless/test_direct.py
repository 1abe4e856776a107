"""The direct binding: the same world as on threads, entry for entry; what needs a thread is
refused.
"""

import asyncio
import contextlib
import datetime
import random
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from emulator.clock import VIRTUAL_EPOCH
from emulator.errors import BotStartError, ScenarioError
from emulator.exchange import Slow
from emulator.serverless import Simulation
from tests.serverless._direct import ECHO, Endpoint, Make, app_of, calls_at_once


def worlds(small_world: Make, make: Callable[[Any], Any], **options: Any) -> Iterator[Any]:
    """A world on threads, then one with the direct binding, around the same app."""
    on_threads: Any = small_world(lambda: make(on_threads.simulation.client()), **options)
    yield on_threads
    yield small_world(make, direct=True, **options)


def seen(world: Any) -> Any:
    entries = [
        (entry.kind, entry.name, entry.time, entry.cause, entry.roots, entry.instance, entry.detail)
        for entry in world.entries()
        if "traceback" not in entry.detail
    ]
    return entries, world.outcomes, world.echo.paths, world.kernel.choices


async def sleeps(http: Any, request: Request) -> Response:
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(3.5))
        call = group.create_task(http.post(f"{ECHO}/a", json={"a": 1}))
    return PlainTextResponse(f"{call.result().text} {time.monotonic() - started:.3f}")


async def gives_up(http: Any, request: Request) -> Response:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.001):
            await http.get(f"{ECHO}/slow")
    try:
        await http.get(f"{ECHO}/slower", timeout=0.002)
    except httpx.ReadTimeout as error:
        return PlainTextResponse(str(error))
    return PlainTextResponse("answered")


_left: set[Any] = set()


async def leaves_tasks(http: Any, request: Request) -> Response:
    async def later(path: str) -> None:
        await http.get(f"{ECHO}/{path}/first")
        await asyncio.sleep(1.0)
        await http.get(f"{ECHO}/{path}/second")

    for path in ("a", "b"):
        _left.add(asyncio.create_task(later(path)))
    await http.get(f"{ECHO}/waited-for")
    return PlainTextResponse("ok", background=BackgroundTask(later, "background"))


async def streams(http: Any, request: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        for number in range(3):
            yield (await http.get(f"{ECHO}/{number}")).text
        _left.add(asyncio.create_task(http.get(f"{ECHO}/late")))

    return StreamingResponse(parts())


async def draws(http: Any, request: Request) -> Response:
    async def draw(at: int) -> str:
        await asyncio.sleep(0.1 * at)
        return f"{uuid.uuid4()} {time.time()} {datetime.datetime.now()}"

    return PlainTextResponse("\n".join(await asyncio.gather(*map(draw, range(3)))))


async def raises(http: Any, request: Request) -> Response:
    await http.get(f"{ECHO}/before")
    raise RuntimeError("a bug")


async def exits(http: Any, request: Request) -> Response:
    await http.get(f"{ECHO}/before")
    raise SystemExit(3)


async def hangs(http: Any, request: Request) -> Response:
    await asyncio.Event().wait()
    return PlainTextResponse("never")


async def waits_for_the_end(http: Any, request: Request) -> Response:
    async def watch() -> None:
        await request.receive()
        await http.get(f"{ECHO}/gone")

    await request.body()
    _left.add(asyncio.create_task(watch()))
    await http.get(f"{ECHO}/a")
    return PlainTextResponse("ok")


async def calls_a_stranger(http: Any, request: Request) -> Response:
    with contextlib.suppress(httpx.ConnectError):
        await http.get("https://stranger.test/")
    return PlainTextResponse("ok")


async def calls_itself(http: Any, request: Request) -> Response:
    if await request.body() == b"{}":
        return PlainTextResponse((await http.post("https://bot.test/", content="again")).text)
    return PlainTextResponse("inner")


@pytest.mark.parametrize("kind", ["lambda", "vercel"])
@pytest.mark.parametrize("late", ["withheld", "answered", "reset"])
@pytest.mark.parametrize(
    "endpoint",
    [
        calls_at_once,
        sleeps,
        gives_up,
        leaves_tasks,
        streams,
        draws,
        raises,
        exits,
        hangs,
        waits_for_the_end,
        calls_a_stranger,
        calls_itself,
    ],
)
def test_world__is_the_same_as_on_threads(
    small_world: Make, endpoint: Endpoint, kind: str, late: str
) -> None:
    both = []
    for world in worlds(small_world, app_of(endpoint), kind=kind, late=late, instances=2):
        for number in range(6):
            world.post("/", f"u{number}.w0", at=number * 0.01, timeout_s=5.0)
            world.post("/", f"u{number}.w1", at=4.0 + number, timeout_s=5.0)
        world.run(until=5.5)
        for name in list(world.host.instances)[:1]:
            world.host.kill(name)
        world.run()
        both.append(seen(world))
        _left.clear()
    assert both[0] == both[1]
    assert both[0][0]


def test_reveal__shows_the_same_late_work_as_on_threads(small_world: Make) -> None:
    revealed = []
    for world in worlds(small_world, app_of(leaves_tasks)):
        world.post("/")
        world.run()
        world.gate.recording_only = True
        for name in world.driver.leftovers():
            world.driver.reveal(name)
        world.driver.rest()
        revealed.append([call.request.raw_path for call in world.gate.late_calls])
        _left.clear()
    assert revealed[0] == revealed[1]
    assert revealed[0] == ["/background/first"]


def test_lifespan__runs_as_on_threads_from_start_to_recycling(small_world: Make) -> None:
    both = []

    def make(http: Any) -> Any:
        @contextlib.asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
            started = (await http.get(f"{ECHO}/start")).text
            yield {"started": started}
            await http.get(f"{ECHO}/stop")

        async def endpoint(http: Any, request: Request) -> Response:
            return PlainTextResponse(request.state.started)

        return app_of(endpoint, lifespan=lifespan)(http)

    for world in worlds(small_world, make, instances=1):
        world.post("/")
        world.run()
        world.host.recycle("i0")
        world.run()
        world.post("/", "u1.w0", at=100.0)
        world.run()
        assert world.text("u1.w0") == "/start"
        both.append(seen(world))
    assert both[0] == both[1]
    assert both[1][2] == ["/start", "/stop", "/start"]


def test_lifespan__that_fails_is_refused(small_world: Make) -> None:
    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        raise RuntimeError("no settings")
        yield

    world = small_world(app_of(calls_at_once, lifespan=lifespan), direct=True)
    world.post("/")
    with pytest.raises(BotStartError, match=r"RuntimeError: no settings"):
        world.run()


def test_slow_answers__are_as_on_threads(small_world: Make) -> None:
    both = []
    for world in worlds(small_world, app_of(gives_up)):
        real = world.echo.answer
        world.echo.answer = lambda call, real=real: Slow(real(call), 30.0)
        world.post("/")
        world.run()
        both.append(seen(world))
    assert both[0] == both[1]


def test_instances__have_their_own_modules_and_app(small_world: Make, tmp_path: Path) -> None:
    (tmp_path / "given_bot.py").write_text(
        "from starlette.applications import Starlette\n"
        "from starlette.responses import PlainTextResponse\n"
        "from starlette.routing import Route\n"
        "seen = []\n"
        "def create_app(settings=None, *, http):\n"
        "    async def hook(request):\n"
        "        seen.append(1)\n"
        "        answer = await http.get('https://echo.test/a')\n"
        "        return PlainTextResponse(answer.text + str(len(seen)))\n"
        "    return Starlette(routes=[Route('/', hook, methods=['POST'])])\n"
    )
    world = small_world("given_bot:create_app(http)", root=tmp_path, instances=1)
    for number in range(2):
        world.post("/", f"u{number}.w0", at=float(number))
    world.run()
    assert [world.text("u0.w0"), world.text("u1.w0")] == ["/a1", "/a2"]
    assert threading.active_count() < 10
    world.host.kill("i0")
    world.post("/", "u2.w0")
    world.run()
    assert world.text("u2.w0") == "/a1"


def test_bot__runs_on_the_kernels_thread(small_world: Make) -> None:
    threads: list[Any] = []

    async def endpoint(http: Any, request: Request) -> Response:
        threads.append(threading.current_thread())
        return PlainTextResponse("ok")

    world = small_world(app_of(endpoint), direct=True)
    world.post("/")
    world.run()
    assert threads == [threading.current_thread()]


def test_direct__needs_a_factory_that_takes_the_client() -> None:
    with pytest.raises(
        ScenarioError,
        match=r"^mybot:app takes no client; for the direct binding name a factory and the keyword "
        r"that it takes the client by, for example mybot\.main:create_app\(http\)$",
    ):
        Simulation("mybot:app", direct=True)


def read_clocks() -> list[float]:
    now = datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017 - the spelling bots use
    return [time.time(), now.timestamp(), time.time_ns() / 1e9]


def test_clocks__are_the_worlds_whatever_thread_drives_it(small_world: Make) -> None:
    readings: list[float] = []

    async def endpoint(http: Any, request: Request) -> Response:
        readings.extend(read_clocks())
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: readings.extend(read_clocks()))
        loop.call_later(1.0, lambda: readings.extend(read_clocks()))
        await asyncio.sleep(2.0)
        readings.append(loop.time())
        return PlainTextResponse("ok")

    world = small_world(app_of(endpoint), direct=True)
    world.post("/", at=7.0)
    driving = threading.Thread(target=world.run)
    driving.start()
    driving.join()
    start = VIRTUAL_EPOCH + 7.0
    assert readings == pytest.approx([start] * 6 + [start + 1.0] * 3 + [start + 2.0], abs=1e-3)


def test_world__can_be_driven_from_a_coroutine(small_world: Make) -> None:
    world = small_world(app_of(calls_at_once), direct=True)

    async def drive() -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        world.post("/")
        world.run()
        assert asyncio.current_task() is task
        assert asyncio.get_running_loop() is loop
        await asyncio.sleep(0)

    asyncio.run(drive())
    assert world.text() == "/0 /1 /2 /3 /4"


def test_process__keeps_its_threads_sleeps_and_chance(small_world: Make) -> None:
    world = small_world(app_of(calls_at_once), direct=True)
    world.post("/")
    world.run()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: 7).result() == 7
    assert uuid.uuid4() != uuid.uuid4()
    assert random.Random().random() != random.Random().random()
