"""A small world around a bot: a kernel, a gate with one echoing service, a host, and nothing
else.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from emulator.call import Access, Call
from emulator.delivery import Delivery
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.gate import Gate
from emulator.journal import Entry
from emulator.kernel import Kernel
from emulator.serverless import AsgiDriver, Host, HostProfile, Simulation

BOT = "https://bot.test"


class Echo:
    """Answers `https://echo.test/...` with the path, and counts."""

    name = "echo"

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.outcome: Outcome | None = None

    def claims(self, request: Request) -> bool:
        return request.origin == "https://echo.test"

    def access(self, request: Request) -> Access:
        return Access("echo")

    def answer(self, call: Call) -> Outcome:
        self.paths.append(call.request.raw_path)
        return self.outcome or Reply(
            200, (("content-type", "text/plain"),), call.request.raw_path.encode()
        )


class SmallWorld:
    """What a driver test needs; `post` puts a request on the agenda, `run` performs everything."""

    def __init__(self, simulation: Simulation, profile: HostProfile, seed: int) -> None:
        self.kernel = Kernel(seed=seed)
        self.echo = Echo()
        self.gate = Gate(self.kernel, [self.echo])
        self.driver: AsgiDriver = simulation.connect(self.kernel, self.gate)
        self.host = Host(self.kernel, self.gate, self.driver, profile)
        self.driver.host = self.host
        self.kernel.origins[BOT] = self.host
        self.outcomes: dict[str, Outcome] = {}
        self.simulation = simulation

    def post(
        self,
        path: str,
        name: str = "u0.w0",
        *,
        at: float = 0.0,
        timeout_s: float = 2_000.0,
        body: bytes = b"{}",
    ) -> None:
        self.kernel.deliver(
            Delivery(
                name=name,
                kind="user",
                due=at,
                build=lambda: Request("POST", BOT + path, (("host", "bot.test"),), body),
                on_outcome=lambda outcome: self.outcomes.__setitem__(name, outcome),
                timeout_s=timeout_s,
                roots=(name.partition(".")[0],),
            )
        )

    def run(self, until: float | None = None) -> None:
        while self.kernel.run_step(until):
            pass
        self.driver.rest()

    def text(self, name: str = "u0.w0") -> str:
        outcome = self.outcomes[name]
        assert isinstance(outcome, Reply), outcome
        return outcome.body.decode()

    def status(self, name: str = "u0.w0") -> int | str:
        outcome = self.outcomes[name]
        return outcome.kind if isinstance(outcome, Failure) else outcome.status

    def entries(self, *kinds: Any) -> list[Entry]:
        return list(self.kernel.journal.entries(*kinds))


MakeWorld = Callable[..., SmallWorld]


@pytest.fixture
def small_world() -> Iterator[MakeWorld]:
    """`small_world(app, kind="lambda", instances=4, ...)`: a world around a factory or a
    `module:attribute`.
    """
    with ExitStack() as stack:

        def make(
            app: str | Callable[..., Any],
            *,
            kind: Any = "lambda",
            instances: int = 4,
            max_instances: int = 100,
            timeout_s: float | None = None,
            late: Any = None,
            concurrency: int | None = None,
            root: Path | None = None,
            env: dict[str, str] | None = None,
            hang_limit_s: float = 10.0,
            seed: int = 1,
            direct: bool = False,
        ) -> SmallWorld:
            # One simulation at a time: a second world of the same test ends the first.
            stack.close()
            simulation = stack.enter_context(
                Simulation(app, root=root, env=env, hang_limit_s=hang_limit_s, direct=direct)
            )
            profile = HostProfile(
                kind=kind,
                instances=instances,
                max_instances=max_instances,
                timeout_s=timeout_s,
                late=late,
                concurrency=concurrency,
            )
            world = SmallWorld(simulation, profile, seed)
            stack.callback(world.driver.close)
            return world

        yield make


def one_route(endpoint: Any, **options: Any) -> Callable[[], Any]:
    """A factory of a Starlette app that answers POST / with `endpoint`."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    return lambda: Starlette(routes=[Route("/", endpoint, methods=["POST"])], **options)


@pytest.fixture(name="one_route")
def one_route_fixture() -> Callable[..., Callable[[], Any]]:
    return one_route
