"""Stopping of process trees: all of them, whatever session they are in, and nobody else."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from emulator.serverless.asleep import ThreadWatch, can_see_threads
from emulator.serverless.bot_process import GUARD
from emulator.serverless.stopping import ToldStopper, TreeStopper

needs_proc = pytest.mark.skipif(
    not can_see_threads(), reason="needs /proc with schedstat and children of threads"
)

# Starts a child in its own group and one in a session of its own, says their ids, and sleeps. What
# it is told then is one more to start.
TREE = """
import subprocess, sys, time
children = [
    subprocess.Popen(["sleep", "60"]),
    subprocess.Popen(["sleep", "59"], start_new_session=True),
]
print(*(child.pid for child in children), flush=True)
for line in sys.stdin:
    print(subprocess.Popen(["sleep", line.strip()], start_new_session=True).pid, flush=True)
"""
# Keeps the tree, as the guard does.
KEEPER = (
    "import subprocess, sys\n"
    "subprocess.run([sys.executable, '-I', '-S', '-c', sys.argv[1]], process_group=0)"
)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@contextmanager
def tree() -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    """A keeper, and the ids of those below: the tree's first process, and its children."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", KEEPER, TREE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as keeper:
        assert keeper.stdout is not None
        children = [int(pid) for pid in keeper.stdout.readline().split()]
        pids = [parent(children[0]), *children]
        try:
            yield keeper, pids
        finally:
            for pid in [*pids, keeper.pid]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@needs_proc
def test_tree__is_stopped_and_goes_on_and_its_keeper_stays_awake() -> None:
    with tree() as (keeper, pids):
        watch = ThreadWatch(keeper.pid, keeper=True)
        stopper = TreeStopper(watch, keeper.pid)
        stopper.stop()
        assert [state(pid) for pid in pids] == ["T", "T", "T"]
        assert state(keeper.pid) == "S"
        assert stopper.escaped == ("sleep 59",)
        stopper.go_on()
        assert "T" not in [state(pid) for pid in pids]
        watch.close()


@needs_proc
def test_process_that_came_up_since_the_last_stop__is_stopped_too() -> None:
    with tree() as (keeper, pids):
        watch = ThreadWatch(keeper.pid, keeper=True)
        stopper = TreeStopper(watch, keeper.pid)
        stopper.stop()
        stopper.go_on()
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        keeper.stdin.write("58\n")
        keeper.stdin.flush()
        pids.append(int(keeper.stdout.readline()))
        stopper.stop()
        assert [state(pid) for pid in pids] == ["T"] * 4
        assert stopper.escaped == ("sleep 59", "sleep 58")
        watch.close()


@needs_proc
def test_tree_that_is_gone__has_nothing_to_stop() -> None:
    with tree() as (keeper, pids):
        watch = ThreadWatch(keeper.pid, keeper=True)
        stopper = TreeStopper(watch, keeper.pid)
        stopper.stop()
        for pid in [*pids, keeper.pid]:
            os.kill(pid, signal.SIGKILL)
        keeper.wait()
        stopper.go_on()
        stopper.stop()
        assert not watch.alive()
        assert stopper.escaped == ("sleep 59",)
        watch.close()


def test_keeper_that_is_told__stops_and_continues_by_words() -> None:
    told: list[bytes] = []
    stopper = ToldStopper(told.append)
    stopper.stop()
    stopper.go_on()
    assert told == [b"stop\n", b"cont\n"]
    assert stopper.escaped == ()


@needs_proc
def test_guard__stops_its_group_and_ends_a_stopped_one_when_it_is_told(tmp_path: Path) -> None:
    command = "echo $$; exec sleep 60"
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARD), str(tmp_path / "temporary"), command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as guard:
        assert guard.stdin is not None
        assert guard.stdout is not None
        pid = int(guard.stdout.readline())
        for word, wanted in (("stop", "T"), ("cont", "S"), ("stop", "T")):
            guard.stdin.write(f"{word}\n")
            guard.stdin.flush()
            while state(pid) != wanted:
                pass
        guard.stdin.write("term\n")
        guard.stdin.flush()
        assert guard.wait(30) == 128 + signal.SIGTERM
