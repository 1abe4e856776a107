"""An event loop without a selector, run only when the world says so. The one file that relies on
private parts of asyncio.

Relied on, and held by `tests/serverless/test_loop.py`: `BaseEventLoop._ready` (a deque of handles),
`_scheduled` (a heap of timer handles), `_timer_cancelled_count`, `_clock_resolution`, `_thread_id`,
`_write_to_self`, `Handle._run`, `Handle._cancelled`, `TimerHandle._when`, `TimerHandle._scheduled`,
`asyncio.events._get_running_loop` and `_set_running_loop`, and `asyncio.tasks._swap_current_task`.
"""

import asyncio
import heapq
import sys
import threading
from asyncio import base_events, events, tasks
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any, NoReturn

# Two times closer than this are one instant: float seconds since 1970 resolve about 0.24
# microseconds.
RESOLUTION_S = 1e-6


def _leave_task(loop: Any, task: Any) -> Any:
    """Make `task` the one that `loop` runs, and return the one before. Python 3.11 keeps one for
    each loop, so there is nothing to do; later ones know of one for the thread.
    """
    swap = getattr(tasks, "_swap_current_task", None)
    return swap(loop, task) if swap is not None else None


class InstanceLoop(base_events.BaseEventLoop):
    """The loop of one instance: its time is the world's, and `drain` runs what is ready until
    nothing is, or `freeze` is called.
    """

    # What the type stubs leave out.
    _ready: deque[Any]
    _scheduled: list[Any]
    _thread_id: int | None
    _timer_cancelled_count: int
    _asyncgen_firstiter_hook: Callable[[Any], None]
    _asyncgen_finalizer_hook: Callable[[Any], None]

    def __init__(self, unix_time: Callable[[], float]) -> None:
        super().__init__()
        self._unix_time = unix_time
        self._clock_resolution = RESOLUTION_S
        self.frozen = False
        self._tasks: list[asyncio.Task[Any]] = []
        self._prune_at = 64
        self.problems: list[dict[str, Any]] = []
        self.set_exception_handler(lambda loop, context: self.problems.append(context))

    def time(self) -> float:
        return self._unix_time()

    def drain(self) -> None:
        """Run every handle that is ready, and those they make ready, until none is left or the loop
        is frozen.
        """
        # A test may drive the world from a coroutine of its own.
        outer = events._get_running_loop()
        outer_task = _leave_task(outer, None) if outer is not None else None
        hooks = sys.get_asyncgen_hooks()
        self._thread_id = threading.get_ident()
        sys.set_asyncgen_hooks(
            firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook
        )
        events._set_running_loop(self)
        try:
            while not self.frozen:
                if self._scheduled:
                    self._collect_due()
                if not self._ready:
                    return
                # As asyncio does: timers are looked at again only after the batch that was ready
                # together.
                for _ in range(len(self._ready)):
                    if self.frozen:
                        return
                    handle = self._ready.popleft()
                    if not handle._cancelled:
                        handle._run()
        finally:
            events._set_running_loop(outer)
            self._thread_id = None
            sys.set_asyncgen_hooks(*hooks)
            if outer is not None:
                _leave_task(outer, outer_task)

    def freeze(self) -> None:
        """Stop after the present handle; what is ready stays ready until the loop is thawed."""
        self.frozen = True

    def thaw(self) -> None:
        self.frozen = False

    def is_ready(self) -> bool:
        """Whether `drain` would run something now."""
        if self.frozen or not self._ready:
            return False
        return any(not handle._cancelled for handle in self._ready)

    def has_leftovers(self) -> bool:
        """Whether something would run if the loop were thawed now or later."""
        return any(not handle._cancelled for handle in self._ready) or any(
            not handle._cancelled for handle in self._scheduled
        )

    def next_timer(self) -> float | None:
        """When the earliest timer is due, in unix seconds, or None."""
        while self._scheduled and self._scheduled[0]._cancelled:
            handle = heapq.heappop(self._scheduled)
            handle._scheduled = False
            self._timer_cancelled_count -= 1
        return self._scheduled[0]._when if self._scheduled else None

    def create_task(
        self, coro: Any, *, name: object = None, context: Context | None = None
    ) -> "asyncio.Task[Any]":
        """As asyncio's, but the loop keeps the task: asyncio's weak references would let the
        garbage collector end a task that waits, at a moment that differs from run to run.
        """
        task = super().create_task(coro, name=name, context=context)
        self._tasks.append(task)
        if len(self._tasks) > self._prune_at:
            self._tasks = [kept for kept in self._tasks if not kept.done()]
            self._prune_at = 2 * len(self._tasks) + 64
        return task

    def unfinished(self) -> "list[asyncio.Task[Any]]":
        """Tasks that have not ended, oldest first."""
        return [task for task in self._tasks if not task.done()]

    def _collect_due(self) -> None:
        limit = self.time() + self._clock_resolution
        while (when := self.next_timer()) is not None and when < limit:
            handle = heapq.heappop(self._scheduled)
            handle._scheduled = False
            self._ready.append(handle)

    def _write_to_self(self) -> None:
        """Nothing sleeps in a selector that would have to be woken."""

    def _process_events(self, event_list: object) -> NoReturn:
        raise RuntimeError("an instance's loop has no selector")

    def run_forever(self) -> NoReturn:
        raise RuntimeError(
            "this event loop is run by the world; await instead of calling run_until_complete"
        )
