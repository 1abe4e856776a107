"""Work that a Node bot registers to outlive its response, live: the platform waits for it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from emulator import HostProfile, World
from emulator.delivery import Delivery
from emulator.exchange import Outcome, Reply, Request
from emulator.serverless.live import Live
from emulator.serverless.platforms import PLATFORMS, HostKind
from emulator.serverless.pool import ProcessPool
from harness.profile import render_env
from harness.stage import SERVICES, variables
from tests._needs import needs_node
from tests.e2e.support import BOTS, PROFILE, ROOT

pytestmark = needs_node


@dataclass
class Run:
    """What came of the requests of one world."""

    world: World
    way: str
    outcomes: dict[str, Outcome]

    def send(self, name: str = "u0.w0", *, at: float = 0.0) -> None:
        def build() -> Request:
            address = PROFILE.bot.public_url + PROFILE.bot.webhook
            return Request("POST", address, (("host", "bot.test"),), self.way.encode())

        self.world.kernel.deliver(
            Delivery(
                name=name,
                kind="user",
                due=at,
                build=build,
                on_outcome=lambda outcome: self.outcomes.__setitem__(name, outcome),
                timeout_s=2_000.0,
                roots=(name.partition(".")[0],),
            )
        )

    def reply(self, name: str = "u0.w0") -> Reply:
        outcome = self.outcomes[name]
        assert isinstance(outcome, Reply), outcome
        return outcome

    def details(self, kind: Any) -> list[Mapping[str, object]]:
        return [entry.detail for entry in self.world.journal.entries(kind)]

    @property
    def published(self) -> int:
        return self.world.journal.counts["publish"]

    @property
    def late(self) -> list[str]:
        return [call.request.url.rpartition("/")[2] for call in self.world.gate.late_calls]


Start = Callable[..., AbstractContextManager[Run]]


@contextmanager
def processes(*, wait_until: bool) -> Iterator[Live]:
    """The bot, on a platform that has such a thing or has not."""

    def environment(addresses: Mapping[str, str]) -> Mapping[str, str]:
        return render_env(PROFILE, variables(PROFILE, addresses))

    pool = ProcessPool(
        f"node {BOTS / 'background.cjs'}",
        root=ROOT,
        webhook=PROFILE.bot.webhook,
        public_url=PROFILE.bot.public_url,
        services=SERVICES,
        environment=environment,
        ahead=1,
        wait_until=wait_until,
    )
    with Live(pool, patience_s=60.0) as live:
        yield live


@pytest.fixture(scope="module")
def run() -> Iterator[Start]:
    """`run(way, kind="vercel", requests=1, ...)`: a world in which the bot has got requests, one
    after the other or at once.
    """
    with processes(wait_until=True) as registering, processes(wait_until=False) as plain:

        @contextmanager
        def start(
            way: str,
            kind: HostKind = "vercel",
            *,
            timeout_s: float | None = None,
            requests: int = 1,
            apart_s: float = 10.0,
        ) -> Iterator[Run]:
            live = registering if PLATFORMS[kind].wait_until else plain
            with World(
                live.connect,
                host=HostProfile(kind=kind, instances=1, timeout_s=timeout_s),
                public_url=PROFILE.bot.public_url,
                webhook=PROFILE.bot.webhook,
                bot_clock=live.unix,
                addresses=live.addresses,
            ) as world:
                made = Run(world, way, {})
                for number in range(requests):
                    made.send(f"u{number}.w0", at=apart_s * number)
                world.run_until_quiet()
                world.reveal_leftovers()
                yield made

        yield start


@pytest.mark.parametrize(
    ("way", "publishes"),
    [("wait until", 1), ("after", 1), ("two in a row", 2), ("after a pause", 1)],
)
def test_registered_work__is_done_and_is_not_late(run: Start, way: str, publishes: int) -> None:
    with run(way) as made:
        assert made.reply().status == 200
        assert (made.published, made.late) == (publishes, [])


def test_registered_work__is_left_behind_on_lambda_which_has_no_such_thing(run: Start) -> None:
    with run("wait until", "lambda") as made:
        assert made.reply().header("x-context") == "false"
        assert (made.published, made.late) == (0, ["process-message"])


@pytest.mark.parametrize("kind", ["lambda", "vercel", "vercel-fluid", "cloud-run"])
def test_work_that_nobody_waits_for__is_left_behind(run: Start, kind: HostKind) -> None:
    with run("forgotten", kind) as made:
        assert (made.published, made.late) == (0, ["process-message"])


def test_work_that_nobody_waits_for__is_done_where_nothing_is_frozen(run: Start) -> None:
    with run("forgotten", "always-on") as made:
        assert (made.published, made.late) == (1, [])


def test_unregistered_work_beside_registered__is_late(run: Start) -> None:
    with run("one of two") as made:
        assert made.published == 1
        assert made.late == ["process-message?forgotten"]


def test_registered_work_that_fails__is_noted_with_its_place(run: Start) -> None:
    with run("rejected") as made:
        assert made.reply().status == 200
        (noted,) = [one for one in made.details("instance") if one["event"] == "exception"]
        assert noted["error"] == "TypeError: nothing came of it"
        assert str(noted["place"]).startswith("background.cjs:")


@pytest.mark.parametrize("way", ["never done", "hanging"])
def test_time_limit__is_kept_in_real_seconds_and_ends_the_instance(run: Start, way: str) -> None:
    with run(way, timeout_s=0.5, requests=2) as made:
        answers = [made.reply(f"u{number}.w0") for number in range(2)]
        assert [answer.status for answer in answers] == (
            [200, 200] if way == "never done" else [504, 504]
        )
        assert made.world.host.cold_starts == 2
        killed = [one["why"] for one in made.details("instance") if one["event"] == "killed"]
        assert killed == ["no end of the invocation within 0.5 s of real time"] * 2


def test_memory__stays_with_an_instance_and_is_gone_at_a_cold_start(run: Start) -> None:
    with run("awaited", requests=2) as made:
        assert made.reply("u1.w0").header("x-memory") != made.reply("u0.w0").header("x-memory")
        (name,) = made.world.host.instances
        made.world.host.kill(name)
        made.send("u2.w0", at=made.world.now)
        made.world.run_until_quiet()
        assert made.reply("u2.w0").header("x-memory") == made.reply("u0.w0").header("x-memory")
        assert made.world.host.cold_starts == 2


@pytest.mark.parametrize("way", ["awaited", "two in a row", "after a pause"])
def test_requests_at_once__share_a_process_and_each_has_its_own_calls(run: Start, way: str) -> None:
    with run(way, "vercel-fluid", requests=3, apart_s=0.0) as made:
        assert made.world.host.cold_starts == 1
        assert [made.reply(f"u{number}.w0").status for number in range(3)] == [200] * 3
        each = 2 if way == "two in a row" else 1
        assert [made.world.journal.tally(f"u{number}").publishes for number in range(3)] == [
            each
        ] * 3
        assert made.late == []
