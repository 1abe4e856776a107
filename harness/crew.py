"""Processes that work for this one: each makes its worker once and is given one task at a time.

They are spawned and never forked: a fork would take over whatever the caller has open. None
outlives the caller, however that ends.
"""

import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection as connections
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Generic, TypeVar

from emulator.errors import EmulatorBug

Task = TypeVar("Task")
Answer = TypeVar("Answer")


class EndedEarlyError(EmulatorBug):
    """A process is gone that was at work, with this exit code: negative for a signal."""

    def __init__(self, what: str, code: int | None) -> None:
        super().__init__(what, code)
        self.code = code

    def __str__(self) -> str:
        return f"a process of {self.args[0]} ended early, with code {self.code}"


class Crew(Generic[Task, Answer]):
    """The processes, as `hired` yields them. Tasks and answers are pickled."""

    def __init__(self, what: str, workers: dict[Connection, SpawnProcess]) -> None:
        self._what = what
        self._workers = workers
        self._idle = list(workers)
        self._busy: dict[Connection, Task] = {}

    @property
    def has_room(self) -> bool:
        """Whether somebody has nothing to do."""
        return bool(self._idle)

    @property
    def tasks(self) -> list[Task]:
        """What is being worked on, in the order in which it was given out."""
        return list(self._busy.values())

    def give(self, task: Task) -> None:
        """Have it done by somebody who has nothing to do."""
        worker = self._idle.pop(0)
        # A process that is gone is noticed where its answer is waited for.
        with suppress(OSError):
            worker.send(task)
        self._busy[worker] = task

    def take(self) -> list[tuple[Task, Answer]]:
        """Wait until something is done; returns what is. What a worker raised is raised here;
        raises EndedEarlyError when a process is gone.
        """
        done: list[tuple[Task, Answer]] = []
        for ready in connections.wait(list(self._busy)):
            assert isinstance(ready, Connection)
            task = self._busy.pop(ready)
            try:
                answer = ready.recv()
            except (EOFError, OSError):
                worker = self._workers[ready]
                worker.join()
                raise EndedEarlyError(self._what, worker.exitcode) from None
            if isinstance(answer, BaseException):
                raise answer
            self._idle.append(ready)
            done.append((task, answer))
        return done


@contextmanager
def hired(
    make: Callable[[], Callable[[Task], Answer]], jobs: int, *, what: str
) -> Iterator[Crew[Task, Answer]]:
    """So many processes, each with the worker that `make` gives it; `make` is pickled. They are
    ended at the end, whatever they are at. `what` names their work in errors.
    """
    context = get_context("spawn")
    workers: dict[Connection, SpawnProcess] = {}
    try:
        with _interrupts_wait():
            for _ in range(jobs):
                ours, theirs = context.Pipe()
                worker = context.Process(target=serve, args=(theirs, make), daemon=True)
                workers[ours] = worker
                worker.start()
                theirs.close()
        yield Crew(what, workers)
    finally:
        for ours, worker in workers.items():
            ours.close()
            if worker.pid is not None:
                worker.terminate()
                worker.join()
                worker.close()


def serve(theirs: Connection, make: Callable[[], Callable[[Task], Answer]]) -> None:
    """The work of one process: tasks in, answers out, until nobody asks any more."""
    work = make()
    while True:
        try:
            task = theirs.recv()
            answer: Answer | Exception
            try:
                answer = work(task)
            except Exception as error:  # told in the process that can report it
                error.add_note(f"in a process of its own:\n{traceback.format_exc()}")
                answer = error
            theirs.send(answer)
        except (EOFError, OSError):
            return


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Processes started in here never see a Ctrl-C: the one that started them does, and ends them.

    A Ctrl-C in the meantime comes at the end.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
