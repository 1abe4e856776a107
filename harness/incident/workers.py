"""Blocks of user messages spread over processes, and their counts added up.

Cascades of different senders are independent, so the sum does not depend on the split.
"""

import gc
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection as connections
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from emulator.errors import EmulatorBug
from harness.incident.collector import without_collector
from harness.incident.model import Model, Tally
from harness.incident.signed import burn_here

# User messages played together. What waits at one time, hence memory, is that of one block; a block
# takes about a second, so that the processes end together and progress is seen.
BLOCK = 5

Progress = Callable[[Tally], None]
Block = tuple[int, int]
Play = Callable[[list[Block]], Iterator[Tally]]


def burn(
    model: Model,
    *,
    messages: int,
    jobs: int = 1,
    seed: int = 1,
    progress: Progress = lambda tally: None,
) -> Tally:
    """Play a model through the signed application; `progress` is given the sum so far.

    One job runs in this process. Raises EmulatorBug when a process of its own ends early; whatever
    is raised, none of them is left behind.
    """
    blocks = split(messages, jobs)
    total = Tally()
    used = min(jobs, len(blocks))
    with _here(model, seed) if used < 2 else _spread(model, seed, used) as play:
        for part in play(blocks):
            total += part
            progress(total)
    return total


def split(messages: int, jobs: int) -> list[Block]:
    """Blocks of (first message, how many), smaller ones where they would not do for all jobs."""
    size = max(1, min(BLOCK, messages // jobs))
    return [(first, min(size, messages - first)) for first in range(0, messages, size)]


@contextmanager
def _here(model: Model, seed: int) -> Iterator[Play]:
    def play(blocks: list[Block]) -> Iterator[Tally]:
        for first, count in blocks:
            yield burn_here(model, first=first, messages=count, seed=seed)
            gc.collect()

    with without_collector():
        yield play


@contextmanager
def _spread(model: Model, seed: int, jobs: int) -> Iterator[Play]:
    context = get_context("spawn")
    workers: dict[Connection, SpawnProcess] = {}
    try:
        with _interrupts_wait():
            for _ in range(jobs):
                ours, theirs = context.Pipe()
                worker = context.Process(target=serve, args=(theirs, model, seed), daemon=True)
                workers[ours] = worker
                worker.start()
                theirs.close()
        yield lambda blocks: _hand_out(workers, blocks)
    finally:
        for ours, worker in workers.items():
            ours.close()
            if worker.pid is not None:
                worker.terminate()
                worker.join()
                worker.close()


def _hand_out(workers: dict[Connection, SpawnProcess], blocks: list[Block]) -> Iterator[Tally]:
    waiting = deque(blocks)
    busy: list[Connection] = []

    def send_to(ours: Connection) -> None:
        if waiting:
            # A process that is gone is noticed where its answer is waited for.
            with suppress(OSError):
                ours.send(waiting.popleft())
            busy.append(ours)

    for ours in workers:
        send_to(ours)
    while busy:
        for ready in connections.wait(busy):
            assert isinstance(ready, Connection)
            busy.remove(ready)
            try:
                answer = ready.recv()
            except (EOFError, OSError):
                worker = workers[ready]
                worker.join()
                raise EmulatorBug(
                    f"a process of the burn ended early, with code {worker.exitcode}"
                ) from None
            if isinstance(answer, Exception):
                raise answer
            send_to(ready)
            yield answer


def serve(theirs: Connection, model: Model, seed: int) -> None:
    """The work of one process: blocks in, counts out, until nobody asks any more."""
    with without_collector():
        while True:
            try:
                first, count = theirs.recv()
                answer: Tally | Exception
                try:
                    answer = burn_here(model, first=first, messages=count, seed=seed)
                except Exception as error:  # told in the process that can report it
                    answer = error
                theirs.send(answer)
            except (EOFError, OSError):
                return
            gc.collect()


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
