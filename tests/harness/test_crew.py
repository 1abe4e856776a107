"""Work that is shared among processes: what comes back, and that none is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import active_children
from pathlib import Path

import pytest

from emulator.errors import BotHungError, DirectBindingError
from harness.crew import EndedEarlyError, hired

ROOT = Path(__file__).parents[2]
# Whoever does not end by himself is ended: nobody waits so long.
LONG_S = 600


def worker() -> Callable[[str], str]:
    return _work


def _work(task: str) -> str:
    if task == "hung":
        raise BotHungError("the bot hung", "File bot.py, line 1")
    if task == "bound":
        raise DirectBindingError("the bot slept")
    if task == "end":
        os._exit(7)
    if task == "hang":
        signal.sigtimedwait([], LONG_S)
    return f"{task} by {os.getpid()}"


def test_tasks__are_done_by_other_processes_one_at_a_time_each() -> None:
    with hired(worker, 2, what="the test") as crew:
        crew.give("a")
        crew.give("b")
        assert (crew.has_room, crew.tasks) == (False, ["a", "b"])
        done: dict[str, str] = {}
        while crew.tasks:
            done.update(crew.take())
        assert crew.has_room
    by = {task: answer.rpartition(" ")[2] for task, answer in done.items()}
    assert sorted(by) == ["a", "b"]
    assert len({str(os.getpid()), *by.values()}) == 3
    assert active_children() == []


def test_what_a_worker_raises__is_raised_here_whole() -> None:
    with hired(worker, 1, what="the test") as crew:
        crew.give("hung")
        with pytest.raises(BotHungError, match=r"^the bot hung") as caught:
            crew.take()
    assert caught.value.stack == "File bot.py, line 1"
    assert "in _work" in caught.value.__notes__[0]
    with hired(worker, 1, what="the test") as crew:
        crew.give("bound")
        with pytest.raises(DirectBindingError, match=r"^the bot slept, but the direct binding has"):
            crew.take()


def test_process_that_ends__is_told_with_its_code() -> None:
    with hired(worker, 1, what="the test") as crew:
        crew.give("end")
        with pytest.raises(
            EndedEarlyError, match=r"^a process of the test ended early, with code 7$"
        ):
            crew.take()
    assert active_children() == []


def test_process_that_hangs__is_ended_with_the_others() -> None:
    with hired(worker, 2, what="the test") as crew:
        crew.give("hang")
        crew.give("b")
        assert [task for task, _ in crew.take()] == ["b"]
        assert crew.tasks == ["hang"]
    assert active_children() == []


_CALLER = """
from multiprocessing import active_children
from harness.crew import hired
from tests.harness.test_crew import worker

if __name__ == "__main__":
    with hired(worker, 2, what="the test") as crew:
        crew.give("a")
        crew.take()
        print(len(active_children()), "processes", flush=True)
        input()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_caller_that_is_killed__leaves_no_process(tmp_path: Path) -> None:
    script = tmp_path / "caller.py"
    script.write_text(_CALLER)
    with subprocess.Popen(
        [sys.executable, script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == "2 processes\n"
        caller.kill()
        # The processes hold this end of the pipe as well: it closes with the last of them.
        assert caller.stdout.read() == ""
