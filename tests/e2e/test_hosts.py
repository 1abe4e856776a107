"""Bots whose services are at addresses that are written into them: real clients in real processes
reach the fakes there, strangers are refused and named, and the whole is certified.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from emulator import World
from emulator.exchange import Failure, Reply
from emulator.net import Arrival, Network
from emulator.net.authority import Authority
from emulator.net.ports import listening_pids
from emulator.net.proxy import Proxy
from emulator.serverless.led import leading_to
from emulator.serverless.live import Live
from emulator.serverless.pool import ProcessPool
from emulator.serverless.preloading import with_preload
from emulator.stubs import Stub
from harness.certificate import Certificate
from harness.certify import certify
from harness.live import BEYOND
from harness.profile import load_profile, render_env
from harness.scenarios.outside import problems_of
from harness.stage import SERVICES, simulated, variables
from tests._needs import needs_node
from tests.e2e.support import BOTS, PLAIN, PROFILE, ROOT, few, pool_of, statuses, uvicorn

HOSTS = BOTS / "hosts"
NODE = f"node {HOSTS / 'bot.mjs'}"
LIMIT_S = 60.0

needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


class Led:
    """A proxy that answers what is asked of some hosts, and the processes that are led to it."""

    def __init__(self, network: Network, folder: Path) -> None:
        authority = Authority()
        self.asked: list[str] = []
        self.proxy = Proxy(network, authority, on_arrival=self._answer)
        (folder / "authority.pem").write_text(authority.pem)
        led = leading_to(self.proxy.port, str(folder / "authority.pem"))
        self.environment = with_preload({**os.environ, **led})

    def run(self, *command: str) -> dict[str, str]:
        """What a process printed: what came of each of its attempts, by name."""
        self.asked.clear()
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=LIMIT_S,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return dict(line.split(": ", 1) for line in run.stdout.splitlines())

    def _answer(self, arrival: Arrival) -> None:
        url = arrival.request.url
        self.asked.append(url)
        if "unknown" in url or arrival.request.method == "CONNECT":
            arrival.answer(Failure("refused", "not part of this world"))
        else:
            arrival.answer(Reply(200, (("content-type", "text/plain"),), b"from the fake"))


@pytest.fixture(scope="module")
def led(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Led]:
    with Network() as network:
        led = Led(network, tmp_path_factory.mktemp("led"))
        yield led
        led.proxy.close()


# -- clients


@needs_node
def test_clients_of_node__reach_the_fakes_wherever_they_want_to_go(led: Led) -> None:
    came = led.run("node", str(HOSTS / "clients.mjs"))
    reached = {
        "fetch": "https://graph.facebook.com/fetch",
        "fetch again": "https://graph.facebook.com/fetch-again",
        "fetch a port": "https://graph.facebook.com:8443/fetch",
        "fetch http": "http://metadata.google.internal/fetch",
        "https": "https://graph.facebook.com/https",
        "https again": "https://graph.facebook.com/https-again",
        "https by address": "https://10.1.2.3/https",
        "http": "http://graph.facebook.com:8080/http",
        "tls": "https://graph.facebook.com/raw",
        "tls without a name": "https://graph.facebook.com/raw",
        "tls in a socket": "https://graph.facebook.com/raw",
    }
    assert led.asked == [
        *reached.values(),
        "https://unknown.example.net/",
        "tcp://db.example.net:5432/",
        "https://graph.facebook.com/http2",
    ]
    assert came == {
        **dict.fromkeys(reached, "from the fake"),
        "unknown": "ECONNRESET",
        "database": "ECONNRESET",
        "http2": "from the fake",
        "a port that is none": "ERR_SOCKET_BAD_PORT",
        "loopback": "on this machine",
        "unix socket": "on this machine",
    }


def test_clients_of_python__reach_the_fakes(led: Led) -> None:
    came = led.run(sys.executable, str(HOSTS / "clients.py"))
    assert led.asked == [
        "https://graph.facebook.com/httpx",
        "https://graph.facebook.com/kept",
        "https://graph.facebook.com/kept",
        "http://metadata.google.internal/httpx",
        "https://graph.facebook.com:8443/requests",
        "https://graph.facebook.com/urllib",
        "https://unknown.example.net/",
    ]
    # Depending on its version, OpenSSL hides the reset.
    assert came.pop("unknown") in ("ReadError", "RemoteProtocolError")
    assert set(came.values()) == {"from the fake"}


@needs_curl
def test_curl__reaches_the_fakes(led: Led) -> None:
    format_ = ["--write-out", "\n", "--silent"]
    url = "https://graph.facebook.com/v23.0/me"
    run = subprocess.run(
        ["curl", *format_, url, "http://graph.facebook.com/plain"],
        capture_output=True,
        text=True,
        env=led.environment,
        timeout=LIMIT_S,
        check=False,
    )
    assert run.stdout.split("\n") == ["from the fake", "from the fake", ""]
    assert led.asked[-2:] == [url, "http://graph.facebook.com/plain"]


# -- bots


def running(command: str, **more: str) -> Live:
    """Processes that are told no address."""

    def environment(addresses: Mapping[str, str]) -> Mapping[str, str]:
        return {**render_env(PROFILE, variables(PROFILE)), **more}

    return Live(
        ProcessPool(
            command,
            root=ROOT,
            webhook=PROFILE.bot.webhook,
            public_url=PROFILE.bot.public_url,
            services=SERVICES,
            environment=environment,
            ahead=1,
        ),
        patience_s=LIMIT_S,
    )


def play(live: Live, *stubs: Stub) -> World:
    """A world in which one user wrote one message to this bot."""
    with World(live.connect, seed=1, copies=1, bot_clock=live.unix, services=stubs) as world:
        world.meta.message("hello")
        world.run_until_quiet()
    return world


def calls(world: World) -> list[tuple[object, object]]:
    return [(call.detail["method"], call.detail["url"]) for call in world.journal.entries("call")]


def test_bot_with_real_addresses__calls_live_what_it_calls_in_simulation() -> None:
    with running(uvicorn("reference_bot.app:app")) as live:
        made = calls(play(live))
    with simulated(PROFILE, root=ROOT, seed=1) as stage, stage.world(copies=1) as world:
        world.meta.message("hello")
        world.run_until_quiet()
    hosts = {str(url).split("/")[2] for _, url in made}
    assert hosts == {"firestore.googleapis.com", "graph.facebook.com", "qstash.upstash.io"}

    def anonymous(calls: list[tuple[object, object]]) -> list[tuple[object, str]]:
        """Without what is drawn from the name of the world."""
        return [(method, str(url).split("/processedMessages/")[0]) for method, url in calls]

    assert anonymous(made) == anonymous(calls(world))


@needs_node
def test_stranger__is_refused_and_named() -> None:
    with running(NODE, BUG="telemetry") as live:
        world = play(live)
    problem = "telemetry.example.net is not part of the world"
    assert list(problems_of(world.findings())) == [problem]
    assert set(statuses(world)) == {200}


@needs_node
def test_client_of_http2__reaches_the_store() -> None:
    with running(NODE, BUG="http2") as live:
        world = play(live)
    assert world.findings() == []
    asked = [url for method, url in calls(world) if method == "GET" and "firestore" in str(url)]
    assert len(asked) == 1
    assert set(statuses(world)) == {200}


@needs_node
def test_stub_and_the_bot_itself__are_reached_at_their_own_addresses() -> None:
    with running(NODE, BUG="telemetry") as live:
        world = play(live, Stub(host="telemetry.example.net"))
    assert world.findings() == []
    assert world.stubs.totals == {"telemetry.example.net": 1}
    assert ("GET", "https://my-bot.example.com/api/health") in calls(world)
    assert statuses(world) == [200, 200, 200]


@needs_proc
def test_certificate_of_the_authority__is_a_file_of_the_process_and_goes_with_it() -> None:
    with running(PLAIN) as live:
        (pid,) = listening_pids(pool_of(live).take().port)
        said = dict(
            pair.split("=", 1)
            for pair in Path(f"/proc/{pid}/environ").read_text().split("\0")
            if "=" in pair
        )
        file = Path(said["SSL_CERT_FILE"])
        assert "BEGIN CERTIFICATE" in file.read_text()
        assert file.parent == Path(said["TMPDIR"])
        assert {path.name for path in file.parent.iterdir() if "KEY" in path.read_text()} == set()
    assert not file.parent.exists()


@needs_node
def test_bot_with_hard_coded_hosts__is_certified() -> None:
    certificate = judged()
    assert certificate.certified, certificate.problems
    assert BEYOND in certificate.notes
    assert not [note for note in certificate.notes if note.startswith("not told")]


@needs_node
def test_broken_bot_with_hard_coded_hosts__is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUG", "unawaited")
    certificate = judged(instances=2)
    assert {one.check for one in certificate.failures} == {"ten-rapid", "freeze-safe"}
    evidence = "\n".join(line for one in certificate.failures for line in one.evidence)
    assert "this call was still wanted: POST" in evidence


def judged(*, instances: int = 4) -> Certificate:
    profile = load_profile(HOSTS / "thrice.toml", command=NODE)
    return certify(few(profile, instances), root=ROOT, only=["ten-rapid", "freeze-safe"])
