"""Spread over processes: the same counts, and nothing left behind."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from typing import Any, cast

import pytest

from emulator.errors import EmulatorBug
from harness.incident import workers
from harness.incident.model import Tally
from harness.incident.plain import simulate
from harness.incident.rows import BURN
from harness.incident.workers import burn

ROOT = Path(__file__).parents[2]
SMALL = replace(BURN, levels=2)


@pytest.fixture(scope="module")
def spread() -> tuple[Tally, list[Tally]]:
    sums: list[Tally] = []
    return burn(SMALL, messages=12, jobs=2, progress=sums.append), sums


def test_two_processes__count_what_the_model_counts(spread: tuple[Tally, list[Tally]]) -> None:
    assert spread[0] == simulate(SMALL).times(12)


def test_progress__is_the_sum_so_far(spread: tuple[Tally, list[Tally]]) -> None:
    total, sums = spread
    assert [part.messages for part in sums][-1] == 12
    assert sums == sorted(sums, key=lambda part: part.messages)
    assert sums[-1] == total
    assert len(sums) == 3


@pytest.mark.parametrize("block", [1, 3, 4])
def test_split__does_not_matter(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "BLOCK", block)
    assert burn(SMALL, messages=4) == simulate(SMALL).times(4)


@pytest.mark.parametrize(
    ("messages", "jobs", "blocks"),
    [
        (12, 1, [(0, 5), (5, 5), (10, 2)]),
        (5, 4, [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]),
        (8, 2, [(0, 4), (4, 4)]),
        (1, 2, [(0, 1)]),
    ],
)
def test_split__has_something_for_every_job(
    messages: int, jobs: int, blocks: list[tuple[int, int]]
) -> None:
    assert workers.split(messages, jobs) == blocks


def test_error_in_a_process__is_raised_here() -> None:
    wrong = replace(SMALL, levels=cast(Any, "two"))
    with pytest.raises(TypeError, match="'>=' not supported"):
        burn(wrong, messages=6, jobs=2)
    assert active_children() == []


def test_process_that_ends_early__is_told() -> None:
    def kill(tally: Tally) -> None:
        for child in active_children():
            child.kill()

    with pytest.raises(EmulatorBug, match=r"^a process of the burn ended early, with code -9$"):
        burn(SMALL, messages=60, jobs=2, progress=kill)
    assert active_children() == []


def test_interrupt__leaves_no_process() -> None:
    def interrupt(tally: Tally) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        burn(SMALL, messages=60, jobs=2, progress=interrupt)
    assert active_children() == []


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups")
def test_ctrl_c__ends_the_command_and_all_its_processes() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "harness", "incident", "--messages", "100000", "--jobs", "2"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        try:
            assert command.stdout is not None
            for line in command.stdout:
                if line.startswith("Row 5 again"):
                    break
            # A terminal sends it to the whole group.
            os.killpg(command.pid, signal.SIGINT)
            _, errors = command.communicate(timeout=30)
        finally:
            command.kill()
    assert command.returncode == 3
    assert errors == "thrice: interrupted\n"
    with pytest.raises(ProcessLookupError):
        os.killpg(command.pid, 0)
