"""Sleep of process groups: told apart from work, in one process, in many, and in threads."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from emulator.serverless.asleep import HoldWatch, ThreadWatch, can_see_threads

pytestmark = pytest.mark.skipif(
    not can_see_threads(), reason="needs /proc with schedstat and children of threads"
)

# Says one line, then sleeps until it is told to go on.
SLEEPER = "print('up', flush=True); input()"
SPINNER = "print('up', flush=True)\nwhile True: pass"
SLEEPING_MAIN_AND_SPINNING_THREAD = (
    "import threading, time\n"
    "def spin():\n"
    "    while True: pass\n"
    "threading.Thread(target=spin, daemon=True).start()\n"
    "print('up', flush=True)\n"
    "time.sleep(60)\n"
)


@contextmanager
def running(code: str, *, shell: bool = False) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-I", "-S", "-c", code]
    if shell:
        # Not the last command, so that the shell stays.
        command = ["/bin/sh", "-c", '"$@"; true', "sh", *command]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def nothing() -> None:
    """Nothing is on its way from these processes."""


def falls_asleep(watch: ThreadWatch, *, within_s: float) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if watch.asleep(nothing):
            return True
    return False


@pytest.mark.parametrize("shell", [False, True], ids=["direct", "below a shell"])
def test_sleeping_group__is_asleep(shell: bool) -> None:
    with running(SLEEPER, shell=shell) as process:
        watch = ThreadWatch(process.pid)
        assert falls_asleep(watch, within_s=10)
        assert watch.asleep(nothing)
        assert len(watch.pids()) == (2 if shell else 1)
        watch.close()


@pytest.mark.parametrize(
    ("code", "shell"),
    [(SPINNER, False), (SPINNER, True), (SLEEPING_MAIN_AND_SPINNING_THREAD, False)],
    ids=["direct", "below a shell", "in a thread"],
)
def test_working_group__is_not_asleep(code: str, shell: bool) -> None:
    with running(code, shell=shell) as process:
        watch = ThreadWatch(process.pid)
        assert not falls_asleep(watch, within_s=0.15)
        assert not watch.restless
        watch.close()


def test_thread_that_never_rests__is_waited_for_no_longer_once_it_has_computed_for_a_while() -> (
    None
):
    with running(SLEEPING_MAIN_AND_SPINNING_THREAD) as process:
        watch = ThreadWatch(process.pid)
        assert falls_asleep(watch, within_s=30)
        assert watch.restless
        assert watch.asleep(nothing)
        watch.close()


def test_group_that_comes_to_rest__is_not_restless() -> None:
    code = "print('up', flush=True)\nfor _ in range(3_000_000): pass\ninput()"
    with running(code) as process:
        watch = ThreadWatch(process.pid)
        assert falls_asleep(watch, within_s=30)
        assert not watch.restless
        watch.close()


def test_group_that_was_handed_something__has_to_run_first() -> None:
    with running(SLEEPER) as process:
        watch = ThreadWatch(process.pid)
        assert falls_asleep(watch, within_s=10)
        watch.released()
        assert not falls_asleep(watch, within_s=0.2)
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert falls_asleep(watch, within_s=10)
        watch.close()


def test_group_that_runs_while_its_messages_are_read__is_not_asleep() -> None:
    with running("print('up', flush=True)\nwhile input(): print('up', flush=True)") as process:
        watch = ThreadWatch(process.pid)
        assert falls_asleep(watch, within_s=10)

        def drain() -> None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("more\n")
            process.stdin.flush()
            process.stdout.readline()

        assert not watch.asleep(drain)
        watch.close()


def test_hold_watch__waits_and_drains() -> None:
    drained: list[bool] = []
    watch = HoldWatch(0.02)
    start = time.monotonic()
    assert watch.asleep(lambda: drained.append(True))
    assert time.monotonic() - start >= 0.02
    assert drained == [True]
    assert not watch.exact
