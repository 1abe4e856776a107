"""How fast the simulated driver runs a bot, in CPU time, and as ratios to a plain application call
in the same run.

`make bench` runs it. CPU time (of all threads) and not wall time, because machines are shared.

Last figures (2 cores, load 8, Python 3.11), in microseconds of CPU for each invocation:
  application call 6.3; httpx + respx alone 91
  on threads: no call 75, one call with the direct client 133, with httpx + respx 328
  direct binding: no call 47, one call by hand 76, one call 84: 11,900 invocations a second
so an invocation is 3.9 times as fast as through httpx and respx, a further call 6.8 times, and what
the client itself adds to it 26 times. Where the 84 go, each part timed apart, so about: the
application 11 with its task, scope and reply, the loop 5, the delivery and its response 12 and the
host 6 with their journal entries and time limits, entering the instance twice 18, the call at the
gate 15, its step 5, the client 8.
"""

import asyncio
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import httpx
import respx
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


def run(make: Callable[[Any], Any], invocations: int, *, bound: bool = False) -> float:
    """Seconds for so many invocations on a warm instance, one after the other. `make` is given the
    simulation, or with `bound` the client of the direct binding.
    """
    simulations: list[Simulation] = []
    factory = make if bound else lambda: make(simulations[0])
    with Simulation(factory, direct=bound) as simulation:
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


def no_call(given: object) -> Any:
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


def by_hand(simulation: Simulation) -> Any:
    return bound_by_hand(simulation.client())


def bound_by_hand(client: Any) -> Any:
    """What no client can do without: a request is parked, counted, journalled and answered."""
    asked = Request("GET", "https://echo.test/x", (("Host", "echo.test"),))

    async def endpoint(request: HttpRequest) -> Response:
        await client.send(asked, 5.0)
        return PlainTextResponse("ok")

    return app(endpoint)


def bound(client: Any) -> Any:
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


def respx_alone(calls: int) -> float:
    """The peer of the direct binding: the same call through httpx and respx, with no world."""

    async def play() -> float:
        async with httpx.AsyncClient() as client:
            started = process_time()
            for _ in range(calls):
                await client.get("https://echo.test/x")
            return process_time() - started

    with respx.mock(using="httpx") as router:
        router.get("https://echo.test/x").mock(return_value=httpx.Response(200, text="ok"))
        return asyncio.run(play())


def best(measure: Callable[[int], float], count: int) -> float:
    """Microseconds each, of the fastest round."""
    return min(measure(count) for _ in range(ROUNDS)) / count * 1e6


def main() -> None:
    count = 2_000
    rows = {
        "plain application call (peer)": best(plain_call, count),
        "one call, httpx + respx alone (peer)": best(respx_alone, count),
        "on threads: no call": best(partial(run, no_call), count),
        "on threads: one call, by hand": best(partial(run, by_hand), count),
        "on threads: one call, direct client": best(partial(run, direct), count),
        "on threads: one call, httpx + respx": best(partial(run, through_respx), count),
        "on threads: def endpoint, no call": best(partial(run, on_a_worker), count),
        "direct binding: no call": best(partial(run, no_call, bound=True), count),
        "direct binding: one call, by hand": best(partial(run, bound_by_hand, bound=True), count),
        "direct binding: one call": best(partial(run, bound, bound=True), count),
    }
    peer = rows["plain application call (peer)"]
    print(f"{'':38}{'per second':>12}{'microseconds':>15}{'x peer':>9}")
    for name, each in rows.items():
        print(f"{name:38}{1e6 / each:12,.0f}{each:15.1f}{each / peer:9.1f}")
    slow, fast = "on threads: one call, httpx + respx", "direct binding: one call"
    print(f"\ndirect binding against httpx + respx, invocation: {rows[slow] / rows[fast]:.1f}")
    call_slow = rows[slow] - rows["on threads: no call"]
    call_fast = rows[fast] - rows["direct binding: no call"]
    print(
        f"a further call: {call_fast:.1f} us against {call_slow:.1f} us, "
        f"ratio {call_slow / call_fast:.1f}"
    )
    client_slow = rows[slow] - rows["on threads: one call, by hand"]
    client_fast = rows[fast] - rows["direct binding: one call, by hand"]
    print(
        f"of that the client's, without gate and journal: {client_fast:.1f} us against "
        f"{client_slow:.1f} us, ratio {client_slow / client_fast:.1f}"
    )
    print(f"baton hand-over and back: {hand_over(20_000) / 20_000 * 1e6:.1f} us")
    print(f"cold start: {cold_start(50) / 50 * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
