"""`thrice certify --command`: what it prints, how it refuses, and that nothing is left of it,
however it ends.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.support import PLAIN, ROOT, processes_with, uvicorn, wait_until_gone

# Far beyond what anything here takes, also where other work keeps the cores busy.
LIMIT_S = 180.0


# No more than four instances, and otherwise what holds without a profile.
FEW = "[host]\ninstances = 2\nmax_instances = 4\n[store]\ndedup = 'processedMessages'\n"


class Thrice:
    """Runs the command in a folder of its own, with a mark in the environment of all it starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = f"THRICE_MARK={folder}-"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        (folder / "reference_bot").symlink_to(ROOT / "reference_bot")
        # As many processes are started ahead as may be needed.
        self.profile(FEW)

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
            "TMPDIR": str(self.temporary),
            "THRICE_MARK": f"{self.folder}-",
            "PYTHONHASHSEED": "0",
            **more,
        }

    def run(self, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment(**more),
            timeout=LIMIT_S,
            check=False,
        )

    def start(self, *arguments: str, **more: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "harness", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environment(**more),
        )

    def profile(self, text: str) -> None:
        (self.folder / "thrice.toml").write_text(text)

    def left(self) -> list[str]:
        """Processes and files that are still there."""
        return wait_until_gone(self.mark) + os.listdir(self.temporary)


@pytest.fixture
def thrice(tmp_path: Path) -> Iterator[Thrice]:
    thrice = Thrice(tmp_path)
    yield thrice
    assert thrice.left() == []


def test_certificate__says_that_it_is_live_and_what_it_can_not_see(thrice: Thrice) -> None:
    command = uvicorn("reference_bot.app:app")
    run = thrice.run("certify", "--command", command, "--only", "handshake")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert "seed 1, host lambda, live" in run.stdout
    assert lines[-1].endswith(": certified, 1 of 1 checks (a selection of the checklist)")
    assert "not mediated: services on this machine, and calls by clients that" in run.stdout
    assert "deterministic: 5 serial runs made the same 8 calls" in run.stdout


def test_failed_check__is_shown_again_by_its_replay_line(thrice: Thrice) -> None:
    run = thrice.run("certify", "--command", PLAIN, "--only", "consumer-retry")
    assert run.returncode == 1, run.stderr
    (line,) = [line for line in run.stdout.splitlines() if "replay: thrice " in line]
    replayed = thrice.run(*line.partition("replay: thrice ")[2].split())
    assert replayed.returncode == 1, replayed.stderr
    assert replayed.stdout.splitlines()[-1] == "consumer-retry FAILED again, the same run"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("exit 3", "thrice: the command ended with status 3 before it answered: exit 3\n"),
        (
            "no-such-program --port {port}",
            "thrice: the command ended with status 127 before it answered: no-such-program",
        ),
        ("sleep 60", "thrice: nothing listens on port "),
        (" ", "thrice: --command: has to be a command for the shell, without null characters\n"),
    ],
)
def test_command_that_does_not_run__is_a_usage_error(
    thrice: Thrice, command: str, message: str
) -> None:
    thrice.profile("[bot]\napp = 'x:y'\nstart_limit_s = 1\n")
    run = thrice.run("certify", "--command", command, "--only", "handshake")
    assert run.returncode == 2
    assert run.stderr.startswith(message)
    assert "Traceback" not in run.stderr


def test_app_and_command__are_not_given_together(thrice: Thrice) -> None:
    run = thrice.run("certify", "--app", "x:y", "--command", "z")
    assert run.returncode == 2
    assert run.stderr.startswith("thrice: --app and --command can not be given together")


@pytest.mark.parametrize("vice", ["huge", "drips", "hangs-up"])
def test_bot_with_a_vice__gets_a_certificate_that_refuses_it(thrice: Thrice, vice: str) -> None:
    run = thrice.run("certify", "--command", PLAIN, "--only", "consumer-retry", VICE=vice)
    assert run.returncode == 1, run.stderr
    assert "consumer-retry  FAILED  2 messages, 0 publishes, 0 replies" in run.stdout


def test_bot_that_dies_again_and_again__is_refused_with_what_it_printed(thrice: Thrice) -> None:
    run = thrice.run("certify", "--command", PLAIN, "--only", "consumer-retry", VICE="dies")
    assert run.returncode == 2
    first, *printed = run.stderr.splitlines()
    assert first.startswith(
        "thrice: the bot's processes ended by themselves 20 times in one run, at last with status "
        "7 while handling u"
    )
    assert first.endswith(" (/api/messenger)")
    assert printed == ["  the bot printed: about to die"]


@pytest.mark.parametrize(
    ("signal_", "code"),
    [(signal.SIGINT, 3), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["interrupted", "terminated", "killed"],
)
def test_thrice_that_is_ended__leaves_nothing(
    thrice: Thrice, signal_: signal.Signals, code: int
) -> None:
    with thrice.start("certify", "--command", PLAIN, VICE="escapes") as running:
        until = time.monotonic() + LIMIT_S
        while len([p for p in processes_with(thrice.mark) if "sleep 60" in p]) < 4:
            assert time.monotonic() < until
            time.sleep(0.01)
        running.send_signal(signal_)
        _, errors = running.communicate(timeout=LIMIT_S)
    assert running.returncode == code
    if signal_ is signal.SIGINT:
        assert errors.splitlines()[-1] == "thrice: interrupted"
