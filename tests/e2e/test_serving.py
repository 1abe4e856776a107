"""The fakes on fixed ports: a bot started by hand with the environment that is printed, served,
certified, and refused well.
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import SimpleQueue

import httpx
import pytest

from emulator.meta import PlatformName
from emulator.net.ports import free_port
from emulator.queue_users import QUEUE_USERS
from emulator.serving import Serving
from harness.live import environment_of, ports_of
from harness.profile import Profile, load_profile, with_ports
from tests.e2e.support import PLAIN, ROOT, uvicorn

# Far beyond what anything here takes, also where other work keeps the cores busy.
PATIENCE_S = 120.0
APP = uvicorn("reference_bot.app:app")


def four_ports() -> tuple[int, int, int, int]:
    return (free_port(), free_port(), free_port(), free_port())


def profile_at(url: str, ports: tuple[int, ...], name: str = "thrice.toml") -> Profile:
    return with_ports(load_profile(ROOT / "reference_bot" / name, url=url), ports)


def thrice(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "PYTHONHASHSEED": "0"},
    )


@contextmanager
def by_hand(command: str, port: int, environment: Mapping[str, str]) -> Iterator[str]:
    """A bot that somebody starts in another terminal; the URL at which it answers."""
    with subprocess.Popen(
        shlex.split(command.replace("{port}", str(port))),
        cwd=ROOT,
        env={**os.environ, **environment},
    ) as bot:
        try:
            until = time.monotonic() + PATIENCE_S
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert bot.poll() is None
                assert time.monotonic() < until
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            bot.kill()


@contextmanager
def serving(profile: Profile, platform: PlatformName = "messenger") -> Iterator[Serving]:
    with Serving(
        ports=ports_of(profile),
        public_url=profile.bot.public_url,
        bot_url=profile.bot.url,
        webhook=profile.bot.webhook_of(platform),
        platform=platform,
    ) as fakes:
        yield fakes


def wait_for(what: str, fakes: Serving, number: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while fakes.kernel.journal.counts[what] < number:
        assert time.monotonic() < until, dict(fakes.kernel.journal.counts)
        time.sleep(0.01)


def test_served_bot__answers_each_message_once() -> None:
    port, ports = free_port(), four_ports()
    profile = profile_at(f"http://127.0.0.1:{port}", ports)
    with (
        serving(profile) as fakes,
        by_hand(APP, port, environment_of(profile, fakes.places)),
    ):
        for number in range(5):
            fakes.say(f"hello {number}")
        wait_for("reply", fakes, 5)
        wait_for("response", fakes, 20)
        counts = fakes.kernel.journal.counts
        assert (counts["message"], counts["publish"], counts["reply"]) == (5, 5, 5)
        assert counts["finding"] == 0


@pytest.mark.parametrize("platform", ["instagram", "whatsapp"])
def test_served_bot__on_another_platform(platform: PlatformName) -> None:
    port, ports = free_port(), four_ports()
    profile = profile_at(f"http://127.0.0.1:{port}", ports, "everywhere.toml")
    with (
        serving(profile, platform) as fakes,
        by_hand(APP, port, environment_of(profile, fakes.places)),
    ):
        fakes.say("hello")
        wait_for("reply", fakes, 1)
        wait_for("response", fakes, 4)
        assert fakes.kernel.journal.counts["publish"] == 1
        assert fakes.kernel.journal.counts["finding"] == 0


@pytest.mark.parametrize("user", QUEUE_USERS, ids=lambda user: user.name)
def test_queue__has_the_accounts_of_the_vendors_development_server(user: object) -> None:
    account = next(known for known in QUEUE_USERS if known is user)
    with serving(profile_at("http://127.0.0.1:1", four_ports())) as fakes:
        queue = f"http://127.0.0.1:{next(iter(fakes.places.values()))}"
        token = {"Authorization": f"Bearer {account.token}"}
        keys = httpx.get(f"{queue}/v2/keys", headers=token).json()
        assert keys == {"current": account.current_key, "next": account.next_key}
        wrong = httpx.get(f"{queue}/v2/keys", headers={"Authorization": "Bearer wrong"})
        assert wrong.status_code == 401


def test_queue__delivers_to_any_address_on_this_machine_and_to_no_other() -> None:
    heard: SimpleQueue[bytes] = SimpleQueue()
    with (
        socket.create_server(("127.0.0.1", 0)) as target,
        serving(profile_at("http://127.0.0.1:1", four_ports())) as fakes,
    ):
        target.settimeout(PATIENCE_S)
        port = target.getsockname()[1]
        queue = f"http://127.0.0.1:{next(iter(fakes.places.values()))}"
        headers = {"Authorization": f"Bearer {QUEUE_USERS[1].token}", "Upstash-Retries": "0"}
        for destination in (f"http://localhost:{port}/job", "https://example.com/job"):
            published = httpx.post(
                f"{queue}/v2/publish/{destination}", headers=headers, content=b"body"
            )
            assert published.status_code == 200
        connection, _ = target.accept()
        with connection:
            heard.put(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert heard.get().startswith(b"POST /job HTTP/1.1\r\n")
        wait_for("dead", fakes, 1)


def test_port_in_use__is_replaced_and_said() -> None:
    ports = four_ports()
    with socket.create_server(("127.0.0.1", ports[0])):
        running = thrice(
            *("serve", "--ports", ",".join(map(str, ports)), "--print-env", "json"),
            *("--control-port", str(ports[0])),
        )
        with running:
            assert running.stderr is not None
            moved, control, advice, ready = (running.stderr.readline() for _ in range(4))
            running.send_signal(signal.SIGINT)
            output, errors = running.communicate(timeout=PATIENCE_S)
    environment = json.loads(output)
    other = environment["QSTASH_URL"].rpartition(":")[2]
    own = environment["THRICE_CONTROL_URL"].rpartition(":")[2]
    assert moved == f"thrice: port {ports[0]} is in use, the queue is on {other} instead\n"
    assert control == f"thrice: port {ports[0]} is in use, the control is on {own} instead\n"
    assert advice == f"thrice: certify with --ports {other},{','.join(map(str, ports[1:]))}\n"
    assert ready.startswith(f"thrice is running at http://127.0.0.1:{other} (queue), ")
    assert f", :{own} (control); " in ready
    assert errors == "thrice: ended\n"
    assert running.returncode == 0


@pytest.mark.parametrize(
    ("shape", "line"),
    [
        ("shell", "export FB_VERIFY_TOKEN=fake-verify-token"),
        ("dotenv", 'FB_VERIFY_TOKEN="fake-verify-token"'),
        ("json", '  "FB_VERIFY_TOKEN": "fake-verify-token",'),
    ],
)
def test_environment__is_printed_for_its_reader(shape: str, line: str) -> None:
    ports = ",".join(map(str, four_ports()))
    running = thrice("serve", "--ports", ports, "--control-port", "0", "--print-env", shape)
    with running:
        assert running.stderr is not None
        assert "running at" in running.stderr.readline()
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=PATIENCE_S)
    assert line in output.splitlines()


def test_platform__is_that_of_the_command() -> None:
    ports = ",".join(map(str, four_ports()))
    control = free_port()
    running = thrice(
        *("serve", "--platform", "whatsapp", "--ports", ports, "--control-port", str(control)),
        *("--profile", "reference_bot/everywhere.toml"),
    )
    with running:
        assert running.stderr is not None
        assert "running at" in running.stderr.readline()
        config = httpx.get(f"http://127.0.0.1:{control}/v1/config", trust_env=False).json()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=PATIENCE_S)
    assert config["platform"] == "whatsapp"


def test_bot_started_by_hand__is_certified() -> None:
    port, ports = free_port(), four_ports()
    profile = profile_at(f"http://127.0.0.1:{port}", ports)
    environment = environment_of(profile, ports_of(profile))
    with by_hand(APP, port, environment) as url:
        running = thrice(
            *("certify", "--url", url, "--ports", ",".join(map(str, ports))),
            *("--only", "ten-rapid", "--only", "freeze-safe", "--only", "handshake"),
        )
        output, errors = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, errors
    assert f"{url}: certified, 3 of 3 checks (a selection of the checklist)" in output
    assert "the bot was started by hand: one process serves every instance" in output


def test_unreachable_url__is_refused() -> None:
    running = thrice(
        *("certify", "--url", f"http://127.0.0.1:{free_port()}", "--only", "handshake"),
        *("--ports", ",".join(map(str, four_ports()))),
    )
    _, errors = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 2
    assert errors.startswith("thrice: nothing answers at http://127.0.0.1:")
    assert errors.endswith("start the bot first, with the environment that thrice serve prints\n")


def test_port_of_a_bot_started_by_hand_in_use__is_refused() -> None:
    ports = four_ports()
    with socket.create_server(("127.0.0.1", ports[1])):
        running = thrice(
            *("certify", "--url", "http://127.0.0.1:1", "--only", "handshake"),
            *("--ports", ",".join(map(str, ports))),
        )
        _, errors = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 2
    assert errors.startswith(
        f"thrice: port {ports[1]}, at which the bot expects https://graph.facebook.com, can not be "
        "used: Address already in use; end what listens there"
    )


def test_bot_started_by_hand_that_dies__ends_the_run() -> None:
    port, ports = free_port(), four_ports()
    profile = profile_at(f"http://127.0.0.1:{port}", ports)
    environment = {**environment_of(profile, ports_of(profile)), "VICE": "dies"}
    with by_hand(PLAIN, port, environment) as url:
        running = thrice(
            *("certify", "--url", url, "--ports", ",".join(map(str, ports))),
            *("--only", "consumer-retry"),
        )
        _, errors = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 2
    assert errors == f"thrice: nothing listens at {url} any more; start the bot again\n"


@pytest.mark.parametrize(
    ("ports", "message"),
    [
        ("8080", "8080: has to be an array of four ports"),
        ("1,2,3,x", "1,2,3,x: has to be four numbers"),
        ("1,2,3,3", "1,2,3,3: has to be four different ports"),
    ],
)
def test_ports_that_make_no_sense__are_a_usage_error(ports: str, message: str) -> None:
    running = thrice("serve", "--ports", ports)
    _, errors = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 2
    assert message in errors
