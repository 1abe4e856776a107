"""The simulated driver: clocks, memory, lifespan, time limits, chance, freezing; each trap a
test.
"""

import asyncio
import datetime
import os
import random
import secrets
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from emulator.clock import VIRTUAL_EPOCH
from emulator.errors import BotImportError, BotStartError, ScenarioError
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


def test_instances__have_their_own_module_globals(small_world: Make, tmp_path: Path) -> None:
    (tmp_path / "memory_bot.py").write_text(
        "from starlette.applications import Starlette\n"
        "from starlette.responses import PlainTextResponse\n"
        "from starlette.routing import Route\n"
        "from memory_part import seen\n"
        "async def hook(request):\n"
        "    seen.append(1)\n"
        "    return PlainTextResponse(str(len(seen)))\n"
        "app = Starlette(routes=[Route('/', hook, methods=['POST'])])\n"
    )
    (tmp_path / "memory_part.py").write_text("seen = []\n")
    world = small_world("memory_bot:app", root=tmp_path, instances=1)
    world.post("/", "u0.w0")
    world.run()
    world.post("/", "u1.w0")
    world.run()
    assert [world.text("u0.w0"), world.text("u1.w0")] == ["1", "2"]
    world.host.kill("i0")
    world.post("/", "u2.w0")
    world.run()
    assert world.text("u2.w0") == "1"


def test_modules_of_the_bot__are_not_left_in_the_process(small_world: Make, tmp_path: Path) -> None:
    import sys

    (tmp_path / "passing_bot.py").write_text("async def app(scope, receive, send): ...\n")
    world = small_world("passing_bot:app", root=tmp_path)
    world.post("/")
    world.run()
    assert "passing_bot" not in sys.modules
    assert str(tmp_path) not in sys.path


def test_lazy_import_inside_a_handler__belongs_to_the_instance(
    small_world: Make, tmp_path: Path
) -> None:
    (tmp_path / "lazy_bot.py").write_text(
        "from starlette.applications import Starlette\n"
        "from starlette.responses import PlainTextResponse\n"
        "from starlette.routing import Route\n"
        "async def hook(request):\n"
        "    import lazy_part\n"
        "    lazy_part.seen.append(1)\n"
        "    return PlainTextResponse(str(len(lazy_part.seen)))\n"
        "app = Starlette(routes=[Route('/', hook, methods=['POST'])])\n"
    )
    (tmp_path / "lazy_part.py").write_text("seen = []\n")
    world = small_world("lazy_bot:app", root=tmp_path, instances=3)
    for number in range(9):
        world.post("/", f"u{number}.w0", at=float(number))
    world.run()
    counts = sorted(int(world.text(f"u{number}.w0")) for number in range(9))
    assert len(world.host.instances) == 3
    assert counts.count(1) == 3


def test_import__that_works_only_once_is_named(small_world: Make, tmp_path: Path) -> None:
    (tmp_path / "once_bot.py").write_text(
        "import asyncio, json\n"
        "if hasattr(json, 'thrice_registered'):\n"
        "    raise ValueError('Duplicated timeseries')\n"
        "json.thrice_registered = True\n"
        "async def app(scope, receive, send):\n"
        "    await asyncio.sleep(1)\n"
    )
    world = small_world("once_bot:app", root=tmp_path)
    import json

    try:
        world.post("/", "u0.w0")
        world.post("/", "u1.w0")
        with pytest.raises(
            BotImportError,
            match=r"^once_bot\.py can not be imported twice in one process: "
            r"ValueError: Duplicated timeseries \(once_bot\.py, line 3\)",
        ):
            world.run()
    finally:
        del json.thrice_registered  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nowhere_bot:app", r"^no module named nowhere_bot below "),
        (
            "nowhere_bot",
            r'^"nowhere_bot" does not name an app; '
            r"write module:attribute, for example mybot\.main:app$",
        ),
        (
            "broken_bot:app",
            r"^broken_bot:app can not be imported: ZeroDivisionError: "
            r"division by zero \(broken_bot\.py, line 1\)$",
        ),
        (
            "empty_bot:app",
            r"^empty_bot has no attribute app; empty_bot:app should name the ASGI app$",
        ),
        ("number_bot:app", r"^number_bot:app is a int, not an ASGI application$"),
    ],
)
def test_import__is_refused_with_the_reason(
    small_world: Make, tmp_path: Path, spec: str, message: str
) -> None:
    (tmp_path / "broken_bot.py").write_text("1 / 0\n")
    (tmp_path / "empty_bot.py").write_text("")
    (tmp_path / "number_bot.py").write_text("app = 3\n")

    def run() -> None:
        world = small_world(spec, root=tmp_path)
        world.post("/")
        world.run()

    with pytest.raises(BotImportError, match=message):
        run()


def test_library_that_clashes_with_the_frozen_clock__is_loaded_before(
    small_world: Make, tmp_path: Path
) -> None:
    site = tmp_path / "site-packages" / "clashing_library"
    site.mkdir(parents=True)
    (site / "__init__.py").write_text(
        "from datetime import date\n"
        "class Meta(type): ...\n"
        "class Special(date, metaclass=Meta): ...\n"
    )
    (tmp_path / "clash_bot.py").write_text(
        "import sys\n"
        f"sys.path.append({str(site.parent)!r})\n"
        "from clashing_library import Special\n"
        "from starlette.responses import PlainTextResponse\n"
        "app = PlainTextResponse(Special.__name__)\n"
    )
    import sys

    path = list(sys.path)
    try:
        world = small_world("clash_bot:app", root=tmp_path)
        world.post("/")
        world.run()
        assert world.text() == "Special"
        assert world.kernel.clock.unix == VIRTUAL_EPOCH
    finally:
        sys.path[:] = path
        sys.modules.pop("clashing_library", None)


def test_factory_spec__makes_the_app(small_world: Make, tmp_path: Path) -> None:
    (tmp_path / "factory_bot.py").write_text(
        "from starlette.responses import PlainTextResponse\n"
        "def create_app():\n"
        "    return PlainTextResponse('made')\n"
    )
    world = small_world("factory_bot:create_app()", root=tmp_path)
    world.post("/")
    world.run()
    assert world.text() == "made"


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
    assert str(exception.detail["place"]).startswith("tests/serverless/test_asgi.py:")


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


def test_sys_exit_in_a_handler__kills_the_instance_only(small_world: Make, one_route: Make) -> None:
    import sys

    async def endpoint(request: Request) -> Response:
        sys.exit(3)

    world = small_world(one_route(endpoint))
    world.post("/")
    world.run()
    assert world.status() == 500
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
