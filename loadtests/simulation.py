"""How fast the simulated driver runs a bot, in CPU time, and as ratios to a plain application call
in the same run.

`make bench` runs it. CPU time (of all threads) and not wall time, because machines are shared.
"""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from emulator import HostProfile, Simulation
from emulator.call import Access, Call
from emulator.delivery import Delivery
from emulator.exchange import Outcome, Reply, Request
from emulator.gate import Gate
from emulator.kernel import Kernel
from emulator.serverless import Host

ROUNDS = 3
BOT = "https://bot.test"


class Echo:
    """The cheapest service there is, so that the figures are the driver's."""

    name = "echo"
    reply = Reply(200, (("content-type", "text/plain"),), b"ok")

    def claims(self, request: Request) -> bool:
        return request.origin == "https://echo.test"

    def access(self, request: Request) -> Access:
        return Access("echo")

    def answer(self, call: Call) -> Outcome:
        return self.reply


def run(make: Callable[[Simulation], Any], invocations: int) -> float:
    """Seconds for so many invocations on warm instances, one after the other."""
    simulations: list[Simulation] = []
    with Simulation(lambda: make(simulations[0])) as simulation:
        simulations.append(simulation)
        kernel = Kernel()
        kernel.record_choices = False
        gate = Gate(kernel, [Echo()])
        driver = simulation.connect(kernel, gate)
        host = driver.host = Host(kernel, gate, driver, HostProfile(kind="lambda", instances=1))
        kernel.origins[BOT] = host
        request = Request("POST", BOT + "/", (("host", "bot.test"),), b"{}")
        done: list[Outcome] = []

        def deliver(number: int) -> None:
            kernel.deliver(
                Delivery(
                    name=f"u{number}.w0",
                    kind="user",
                    due=float(number),
                    build=lambda: request,
                    on_outcome=done.append,
                    roots=(f"u{number}",),
                    timeout_s=20.0,
                )
            )

        def play(first: int, count: int) -> float:
            for number in range(first, first + count):
                deliver(number)
            started = process_time()
            while kernel.run_step():
                pass
            return process_time() - started

        play(0, 20)
        seconds = play(20, invocations)
        driver.close()
    assert len(done) == invocations + 20
    assert all(isinstance(outcome, Reply) and outcome.status == 200 for outcome in done), done[-1]
    return seconds


def app(endpoint: Any) -> Any:
    return Starlette(routes=[Route("/", endpoint, methods=["POST"])])


def no_call(simulation: Simulation) -> Any:
    async def endpoint(request: HttpRequest) -> Response:
        return PlainTextResponse("ok")

    return app(endpoint)


def through_respx(simulation: Simulation) -> Any:
    client = httpx.AsyncClient()

    async def endpoint(request: HttpRequest) -> Response:
        await client.get("https://echo.test/x")
        return PlainTextResponse("ok")

    return app(endpoint)


def direct(simulation: Simulation) -> Any:
    client = simulation.client()

    async def endpoint(request: HttpRequest) -> Response:
        await client.get("https://echo.test/x")
        return PlainTextResponse("ok")

    return app(endpoint)


def on_a_worker(simulation: Simulation) -> Any:
    def endpoint(request: HttpRequest) -> Response:
        return PlainTextResponse("ok")

    return app(endpoint)


def plain_call(invocations: int) -> float:
    """The peer: the same application awaited directly, with no host, no journal and no freeze."""
    application = app_of_no_call()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [],
        "scheme": "https",
        "http_version": "1.1",
        "root_path": "",
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        return

    async def play() -> float:
        started = process_time()
        for _ in range(invocations):
            await application(dict(scope), receive, send)
        return process_time() - started

    return asyncio.run(play())


def app_of_no_call() -> Any:
    async def endpoint(request: HttpRequest) -> Response:
        return PlainTextResponse("ok")

    return app(endpoint)


def hand_over(times: int) -> float:
    from emulator.serverless.baton import Crew, MainThread

    main = MainThread(Crew("bench"))
    started = process_time()
    for _ in range(times):
        main.run(lambda: None)
    seconds = process_time() - started
    main.crew.dismiss()
    return seconds


def cold_start(times: int) -> float:
    """Kill and start an instance of a one-module Starlette app, again and again."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cold_bot.py").write_text(
            "from starlette.applications import Starlette\n"
            "from starlette.responses import PlainTextResponse\n"
            "from starlette.routing import Route\n"
            "async def hook(request):\n"
            "    return PlainTextResponse('ok')\n"
            "app = Starlette(routes=[Route('/', hook, methods=['POST'])])\n"
        )
        with Simulation("cold_bot:app", root=Path(folder)) as simulation:
            kernel = Kernel()
            gate = Gate(kernel, [Echo()])
            driver = simulation.connect(kernel, gate)
            host = driver.host = Host(kernel, gate, driver, HostProfile(instances=1))
            kernel.origins[BOT] = host
            started = process_time()
            for number in range(times):
                kernel.deliver(
                    Delivery(
                        name=f"u{number}.w0",
                        kind="user",
                        due=float(number),
                        build=lambda: Request("POST", BOT + "/"),
                        on_outcome=lambda outcome: None,
                        timeout_s=20.0,
                    )
                )
                while kernel.run_step():
                    pass
                host.kill(f"i{number}")
            seconds = process_time() - started
            driver.close()
    return seconds


def main() -> None:
    count = 2_000
    rows = [
        ("plain application call (peer)", min(plain_call(count) for _ in range(ROUNDS))),
        ("invocation, no call", min(run(no_call, count) for _ in range(ROUNDS))),
        ("invocation, one call, direct", min(run(direct, count) for _ in range(ROUNDS))),
        (
            "invocation, one call, httpx + respx",
            min(run(through_respx, count) for _ in range(ROUNDS)),
        ),
        (
            "invocation on a worker thread (def)",
            min(run(on_a_worker, count) for _ in range(ROUNDS)),
        ),
    ]
    peer = rows[0][1]
    print(f"{'':38}{'per second':>12}{'microseconds':>15}{'x peer':>9}")
    for name, seconds in rows:
        print(
            f"{name:38}{count / seconds:12,.0f}{seconds / count * 1e6:15.1f}{seconds / peer:9.1f}"
        )
    call_direct = rows[2][1] - rows[1][1]
    call_respx = rows[3][1] - rows[1][1]
    print(
        f"\none call: direct {call_direct / count * 1e6:.1f} us, "
        f"httpx + respx {call_respx / count * 1e6:.1f} us",
        end="",
    )
    print(f", ratio {call_respx / call_direct:.1f}")
    print(f"baton hand-over and back: {hand_over(20_000) / 20_000 * 1e6:.1f} us")
    print(f"cold start: {cold_start(50) / 50 * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
