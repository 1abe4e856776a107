"""A search by several processes, with the result that one would have had."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from heapq import heappop, heappush

from harness.crew import Crew, hired
from harness.explore.execution import System
from harness.explore.search import Found, Search, Stop, Work

# Makes the system, once in each process; it can be pickled.
SystemFactory = Callable[[], System]

# Executions until a piece of work is handed back, so that others can share what is left of it.
PIECE = 200

# Where a piece of work stands in the order of the search: what is left of the piece at p is at
# (*p, 0), (*p, 1), ...; so the order of tuples is that of the search.
Position = tuple[int, ...]

Piece = tuple[Position, Work]
Part = tuple[Found, list[Work]]


def run_search(
    factory: SystemFactory,
    search: Search,
    *,
    jobs: int = 1,
    limit: int | None = None,
    stop: Stop | None = None,
    piece: int = PIECE,
) -> Found:
    """Search with `jobs` processes, this one alone if 1. What is found does not depend on how many
    there are, unless `stop` ended it: then it is what had come together by then.

    `stop` is asked here, between pieces of `piece` executions.
    """
    if jobs == 1:
        return search.run(factory(), limit=limit, stop=stop)[0]
    make: Callable[[], Callable[[Piece], Part]] = partial(_worker, factory, search, piece)
    with hired(make, jobs, what="the search") as crew:
        return _Shared(factory, search, limit).run(crew, stop)


class _Shared:
    """One search, taken apart and put together in order."""

    def __init__(self, factory: SystemFactory, search: Search, limit: int | None) -> None:
        self.factory = factory
        self.search = search
        self.limit = limit
        self.found = Found()
        self.ended = False
        self.waiting: list[Piece] = [((), search.everything)]
        self.running: list[Piece] = []
        # Worked on, while something before them is not.
        self.done: list[tuple[Position, Work, Found]] = []

    def run(self, crew: Crew[Piece, Part], stop: Stop | None) -> Found:
        while not self.ended:
            while self.waiting and crew.has_room:
                crew.give(heappop(self.waiting))
            self.running = crew.tasks
            if not self.running or (stop is not None and stop()):
                break
            for (position, work), (part, rest) in crew.take():
                heappush(self.done, (position, work, part))
                for place, left in enumerate(rest):
                    heappush(self.waiting, ((*position, place), left))
            self.running = crew.tasks
            self.join()
        finished = not (self.waiting or self.running or self.done)
        while self.done and not self.ended:
            self.found = self.found.then(heappop(self.done)[2])
        return replace(self.found, finished=finished and self.found.finished)

    def join(self) -> None:
        """Add what was found in all pieces before the first that is still being worked on."""
        while self.done and not self.ended:
            position, work, part = self.done[0]
            if any(position > at for at, _ in (*self.waiting[:1], *self.running)):
                return
            heappop(self.done)
            if self.limit is not None and self.found.executions + part.executions > self.limit:
                left = self.limit - self.found.executions
                part, _ = self.search.run(self.factory(), [work], limit=left)
                self.found = self.found.then(part)
                self.ended = True
                return
            # What is left of this piece is among the others.
            self.found = self.found.then(replace(part, finished=True))
            self.ended = self.found.executions == self.limit or (
                self.search.until_bad and part.failure is not None
            )


def _worker(factory: SystemFactory, search: Search, piece: int) -> Callable[[Piece], Part]:
    """Once in each process of the crew."""
    system = factory()
    return lambda given: search.run(system, [given[1]], limit=piece)
