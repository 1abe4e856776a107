"""Blocks of user messages spread over processes, and their counts added up.

Cascades of different senders are independent, so the sum does not depend on the split.
"""

import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from harness.crew import hired
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

    One job runs in this process. Raises EndedEarlyError when a process of its own is gone early;
    whatever is raised, none of them is left behind.
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
        yield from map(_burner(model, seed), blocks)

    with without_collector():
        yield play


@contextmanager
def _spread(model: Model, seed: int, jobs: int) -> Iterator[Play]:
    make: Callable[[], Callable[[Block], Tally]] = partial(_burner_alone, model, seed)

    def play(blocks: list[Block]) -> Iterator[Tally]:
        waiting = deque(blocks)
        while waiting or crew.tasks:
            while waiting and crew.has_room:
                crew.give(waiting.popleft())
            for _, tally in crew.take():
                yield tally

    with hired(make, jobs, what="the burn") as crew:
        yield play


def _burner_alone(model: Model, seed: int) -> Callable[[Block], Tally]:
    """In a process that does nothing else."""
    gc.disable()
    return _burner(model, seed)


def _burner(model: Model, seed: int) -> Callable[[Block], Tally]:
    def burn_block(block: Block) -> Tally:
        first, count = block
        tally = burn_here(model, first=first, messages=count, seed=seed)
        gc.collect()
        return tally

    return burn_block
