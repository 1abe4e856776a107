"""Threads that bots start: they join their instance's crew, and their waits and sleeps are the
world's.

Replaced while a simulation is active, and without effect on any thread that is not a bot's:
`Thread.start`, `Condition.wait` (which events, queues, futures and barriers stand on),
`time.sleep`, and two methods of `ThreadPoolExecutor`.
"""

import queue
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import thread as pool_module
from contextlib import suppress
from typing import Any, Protocol

from emulator.serverless.baton import (
    TRAMPOLINE_FRAMES,
    AbandonedError,
    Crew,
    Seat,
    Waiter,
    current_seat,
    deeper,
    sit_down,
)


class Shop(Protocol):
    """Whoever keeps the crews: the driver of the world that runs now."""

    def now(self) -> float:
        """Seconds on the clock that bots see."""

    def expires(self, waiter: Waiter, after_s: float) -> None:
        """End this wait after so many virtual seconds, unless something else ends it before."""

    def carry_over(self) -> Callable[[], None]:
        """On the present thread; what the result does on another makes its calls belong to the same
        invocation.
        """


class BotThreads:
    """The patches of one run. `shop` gives the present driver."""

    def __init__(self, shop: Callable[[], Shop]) -> None:
        self._shop = shop
        self._undo: list[Callable[[], None]] = []

    def start(self) -> None:
        self._replace(threading.Thread, "start", self._start_thread)
        self._replace(threading.Condition, "wait", self._wait)
        self._replace(time, "sleep", self._sleep)
        # Their time limits; freezegun leaves these two modules alone.
        self._replace(threading, "_time", self._monotonic)
        self._replace(queue, "time", self._monotonic)
        self._replace(ThreadPoolExecutor, "__init__", self._make_pool)
        self._replace(ThreadPoolExecutor, "submit", self._submit)

    def stop(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        real = getattr(owner, name)
        setattr(owner, name, make(real))
        self._undo.append(lambda: setattr(owner, name, real))

    def _monotonic(self, real: Any) -> Any:
        return lambda: real() if current_seat() is None else self._shop().now()

    def _start_thread(self, real: Any) -> Any:
        def start(thread: threading.Thread) -> None:
            parent = current_seat()
            if parent is None:
                real(thread)
                return
            if parent.crew.abandoned:
                raise AbandonedError
            parent.stands_still(f"starts a thread, {thread.name}")
            work = _below_threading(thread)
            settle_in = self._shop().carry_over()
            seat = Seat(parent.crew, thread)

            def run() -> None:
                sit_down(seat)
                settle_in()
                try:
                    deeper(TRAMPOLINE_FRAMES, work)
                except (AbandonedError, SystemExit):
                    return
                except BaseException:
                    # As an interpreter of its own would: told on the bot's standard error, and
                    # nobody else's business.
                    traceback.print_exc()
                finally:
                    seat.end()

            thread.run = run  # type: ignore[method-assign]
            # No thread of a bot may keep the process alive.
            thread.daemon = True
            try:
                real(thread)
            except BaseException:
                seat.end()
                raise

        return start

    def _wait(self, real: Any) -> Any:
        def wait(condition: Any, timeout: float | None = None) -> bool:
            seat = current_seat()
            # A look without waiting never stands still: pools look so while they hold a lock that
            # all pools of the process share.
            if seat is None or (timeout is not None and timeout <= 0):
                return bool(real(condition, timeout))
            if not condition._is_owned():
                raise RuntimeError("cannot wait on un-acquired lock")
            seat.stands_still("waits for another thread")
            waiter = Waiter(seat)
            condition._waiters.append(waiter)
            state = condition._release_save()
            try:
                if timeout is not None:
                    self._shop().expires(waiter, timeout)
                seat.wait(waiter)
            finally:
                condition._acquire_restore(state)
                if waiter.timed_out or not waiter.released or seat.crew.abandoned:
                    with suppress(ValueError):
                        condition._waiters.remove(waiter)
            return not waiter.timed_out

        return wait

    def _sleep(self, real: Any) -> Any:
        def sleep(seconds: float, /) -> None:
            seat = current_seat()
            if seat is None:
                real(seconds)
                return
            if seconds < 0:
                raise ValueError("sleep length must be non-negative")
            seat.stands_still("calls time.sleep")
            waiter = Waiter(seat)
            self._shop().expires(waiter, seconds)
            seat.wait(waiter)

        return sleep

    def _make_pool(self, real: Any) -> Any:
        def init(pool: Any, *args: Any, **kwargs: Any) -> None:
            real(pool, *args, **kwargs)
            seat = current_seat()
            if seat is not None:
                # The same queue in Python: a wait in the C one could not be seen.
                pool._work_queue = queue.Queue()
                seat.crew.pools[pool] = pool

        return init

    def _submit(self, real: Any) -> Any:
        def submit(pool: Any, work: Any, /, *args: Any, **kwargs: Any) -> Any:
            seat = current_seat()
            if seat is None:
                return real(pool, work, *args, **kwargs)
            own = _pool_of(seat.crew, pool)
            settle_in = self._shop().carry_over()

            def carried(*args: Any, **kwargs: Any) -> Any:
                settle_in()
                return work(*args, **kwargs)

            return real(own, carried, *args, **kwargs)

        return submit


def _pool_of(crew: Crew, pool: Any) -> Any:
    """The crew's own copy of a pool that a shared library made, perhaps on another instance's
    thread.

    Instances have their own memory, so they have their own copy of a library's pool; shared, it
    would die with the first.
    """
    own = crew.pools.get(pool)
    if own is None:
        own = ThreadPoolExecutor(pool._max_workers, pool._thread_name_prefix)
        crew.pools[pool] = own
    return own


def _below_threading(thread: threading.Thread) -> Callable[[], None]:
    """The thread's own work, with what it calls placed out of freezegun's sight of `threading`."""
    own: Any = thread
    if isinstance(thread, threading.Timer):
        function = own.function
        own.function = lambda *args, **kwargs: deeper(
            TRAMPOLINE_FRAMES, lambda: function(*args, **kwargs)
        )
    elif type(thread).run is threading.Thread.run and own._target is not None:
        target = own._target
        own._target = lambda *args, **kwargs: deeper(
            TRAMPOLINE_FRAMES, lambda: target(*args, **kwargs)
        )
    return thread.run


def forget_at_exit(threads: "list[threading.Thread]") -> None:
    """Keep the interpreter from waiting, at its end, for pool threads that could not be ended."""
    queues: Any = pool_module._threads_queues
    for thread in threads:
        queues.pop(thread, None)
