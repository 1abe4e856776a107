"""Suites in other languages drive a bot through `thrice serve`: the ones that the documents show,
against a bot that is right and one that is not. And the queue's own SDK in its development mode.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from emulator.net.ports import free_port
from tests._needs import needs_packages
from tests.e2e.support import ROOT

SUITE = ROOT / "tests" / "e2e" / "node"
# Far beyond what anything here takes, also where other work keeps the cores busy.
PATIENCE_S = 120.0

pytestmark = needs_packages(SUITE)


@dataclass(frozen=True, slots=True)
class Served:
    """A running `thrice serve`, and where it expects the bot."""

    environment: Mapping[str, str]
    bot_port: int

    @property
    def control(self) -> str:
        return self.environment["THRICE_CONTROL_URL"]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    bot_port = free_port()
    ports = ",".join(str(free_port()) for _ in range(4))
    command = ["serve", "--url", f"http://127.0.0.1:{bot_port}", "--print-env", "json"]
    with subprocess.Popen(
        [sys.executable, "-m", "harness", *command, "--ports", ports, "--control-port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    ) as running:
        try:
            assert running.stderr is not None
            assert running.stdout is not None
            assert "running at" in running.stderr.readline()
            printed = ""
            while not printed.endswith("}\n"):
                printed += running.stdout.readline()
            yield Served(json.loads(printed), bot_port)
        finally:
            running.kill()


@contextmanager
def bot(served: Served, *, bug: str = "") -> Iterator[None]:
    """The bot, started by hand; it is there."""
    variables = {"PORT": str(served.bot_port), "BUG": bug}
    with subprocess.Popen(
        ["node", "bot.js"], cwd=SUITE, env={**os.environ, **served.environment, **variables}
    ) as running:
        try:
            ready = httpx.get(
                served.control + "/v1/ready", params={"within_s": PATIENCE_S}, timeout=PATIENCE_S
            )
            assert ready.json() == {"ready": True}
            yield
        finally:
            running.kill()


def run(served: Served, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=SUITE,
        env={**os.environ, **served.environment, "NO_COLOR": "1", "CI": "1", **more},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def vitest(served: Served) -> "subprocess.CompletedProcess[str]":
    return run(served, "node", "node_modules/vitest/vitest.mjs", "run", "--pool=threads")


def test_suite__has_fifteen_lines() -> None:
    assert len((SUITE / "ten_rapid.test.js").read_text().splitlines()) == 15


def test_suites__pass_for_a_bot_that_is_right(served: Served) -> None:
    with bot(served):
        by_vitest = vitest(served)
        assert by_vitest.returncode == 0, by_vitest.stdout + by_vitest.stderr
        by_node = run(served, "node", "--test", "recovers.mjs", "conversation.mjs")
        assert by_node.returncode == 0, by_node.stdout
        if shutil.which("curl") is not None:
            by_shell = run(served, "sh", "ten_rapid.sh")
            assert by_shell.returncode == 0, by_shell.stdout + by_shell.stderr


def test_vendors_receiver__accepts_deliveries_however_far_ahead_the_world_is(
    served: Served,
) -> None:
    with bot(served), httpx.Client(base_url=served.control, timeout=PATIENCE_S) as api:
        api.post("/v1/reset", json={})
        for days in (1, 30, 365):
            api.post("/v1/clock/advance", json={"seconds": days * 86_400})
            api.post("/v1/messages", json={"text": f"{days} days later"})
            assert api.post("/v1/wait", json={}).json()["quiet"]
        assert api.post("/v1/expect", json={}).json()["passed"]
        kinds = api.get("/v1/journal", params={"kind": "response"}).text
        assert '"status": 401' not in kinds


def test_suites__fail_for_a_bot_that_takes_copies_for_messages(served: Served) -> None:
    with bot(served, bug="no-memory"):
        by_vitest = vitest(served)
        assert by_vitest.returncode == 1
        assert (
            'message u0 \\"message 0\\" was published 3 times: t='
            in by_vitest.stdout + by_vitest.stderr
        )
        if shutil.which("curl") is not None:
            by_shell = run(served, "sh", "ten_rapid.sh")
            assert by_shell.returncode == 1
            assert json.loads(by_shell.stdout)["observed"].startswith("10 messages, 30 publishes")


def develop(served: Served, port: str) -> "subprocess.CompletedProcess[str]":
    """The program with QSTASH_DEV, which is ended when it asks anything of another machine."""
    return run(
        served,
        *("node", "--require", "./loopback_only.cjs", "dev.mjs"),
        QSTASH_DEV="true",
        QSTASH_DEV_PORT=port,
    )


def test_development_mode_of_the_sdk__uses_what_is_served(served: Served) -> None:
    httpx.post(served.control + "/v1/reset", json={})
    finished = develop(served, served.environment["QSTASH_URL"].rpartition(":")[2])
    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()
    assert "published true" in lines
    assert 'delivered {"hello":"world"}, verified: true' in lines
    assert any("Server already running at http://127.0.0.1:" in line for line in lines)
    assert not any("Downloading" in line for line in lines)


def test_development_mode_of_the_sdk__would_be_caught_downloading(served: Served) -> None:
    finished = develop(served, str(free_port()))
    assert finished.returncode == 86
    assert "not on this machine: s3." in finished.stderr
