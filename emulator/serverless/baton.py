"""The baton: of the kernel's thread and the threads of bots, the kernel's runs only while all
others stand still.

Bots call blocking code inside `async def`, and `def` endpoints run on worker threads; on the
kernel's own thread either would be a deadlock. So every instance has a crew of threads. The kernel
sets one of them going and waits until each of them stands still: in a call, in a sleep, at a lock,
or at the end of its work.
"""

import _thread
import ctypes
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypeVar

from emulator.errors import BotHungError, EmulatorBug
from emulator.serverless.thread_status import rest_of

T = TypeVar("T")

# Real seconds a bot may compute or block between two points at which the world sees it.
HANG_LIMIT_S = 10.0
# freezegun gives the real time to callers within five frames of the `threading` module (its ignore
# list, and `call_stack_inspection_limit`); every bot thread therefore starts this many frames
# further down.
TRAMPOLINE_FRAMES = 6
# How long an abandoned thread is given to leave.
RESCUE_S = 2.0
# The first look at threads that neither go on nor say why, then one more each time as long.
PATIENCE_S = 0.005
# How often such a thread is looked at before it is believed to stand behind another one.
LOOKS = 3
_HERE = str(Path(__file__).parent)

State = Literal["idle", "running", "waiting", "ended"]


class AbandonedError(BaseException):
    """Raised inside a bot's thread that is given up; not an Exception, so bots do not catch it."""


class Waiter:
    """One wait of one thread; whoever ends it marks the thread as running before it wakes."""

    __slots__ = ("_lock", "released", "seat", "timed_out")

    def __init__(self, seat: "Seat") -> None:
        self.seat = seat
        self.released = False
        self.timed_out = False
        self._lock = _thread.allocate_lock()
        self._lock.acquire()

    def release(self) -> None:
        """End the wait. Raises RuntimeError when it has ended already, as a lock does."""
        with self.seat.crew.guard:
            if self.released:
                raise RuntimeError("release unlocked lock")
            self.released = True
            if self.seat.waiter is self:
                self.seat.state = "running"
        self._lock.release()

    def expire(self) -> None:
        """End the wait by its time limit."""
        if not self.released:
            self.timed_out = True
            self.release()

    def stand(self) -> None:
        self._lock.acquire()


class Seat:
    """One thread of a crew, and what it does as far as the kernel can know."""

    __slots__ = ("crew", "index", "state", "thread", "waiter")

    def __init__(self, crew: "Crew", thread: threading.Thread) -> None:
        self.crew = crew
        self.thread = thread
        self.state: State = "running"
        self.waiter: Waiter | None = None
        self.index = crew.enrol(self)

    def stands_still(self, doing: str) -> None:
        """Called on the thread itself before it blocks or starts another; a thread of its own
        may.
        """

    def wait(self, waiter: Waiter, state: State = "waiting") -> None:
        """Called on the thread itself: stand still until `waiter` is released. Raises
        AbandonedError when the crew is given up.
        """
        crew = self.crew
        # Under the guard, so that nobody ever sees a thread as waiting whose wait has ended.
        with crew.guard:
            if crew.abandoned:
                raise AbandonedError
            if not waiter.released:
                self.waiter = waiter
                self.state = state
        if self.waiter is waiter:
            crew.changed()
        waiter.stand()
        self.waiter = None
        if crew.abandoned:
            raise AbandonedError

    def end(self) -> None:
        self.state = "ended"
        self.crew.leave(self)
        self.crew.changed()

    def place(self) -> tuple[int, int] | None:
        """The instruction the thread stands at."""
        frame = sys._current_frames().get(self.thread.ident or -1)
        return (id(frame), frame.f_lasti) if frame is not None else None

    def stack(self) -> str:
        """Where the thread is now, as a traceback without the frames of the emulator."""
        frame = sys._current_frames().get(self.thread.ident or -1)
        if frame is None:
            return ""
        rows = [row for row in traceback.extract_stack(frame) if not row.filename.startswith(_HERE)]
        while rows and rows[0].filename == threading.__file__:
            rows.pop(0)
        return "".join(traceback.format_list(rows))


_local = threading.local()


def current_seat() -> Seat | None:
    """The seat of the bot thread that calls this, or None on any other thread."""
    return getattr(_local, "seat", None)


def sit_down(seat: Seat | None) -> None:
    """Make `seat` the one of the calling thread; None is that it runs no bot any more."""
    _local.seat = seat


class Crew:
    """All threads of one instance. `settle` is how the kernel waits for them."""

    def __init__(self, name: str, *, hang_limit_s: float = HANG_LIMIT_S) -> None:
        self.name = name
        self.abandoned = False
        self.lost = False
        self.hang_limit_s = hang_limit_s
        self.seats: list[Seat] = []
        # The crew's thread pools, each by the pool that the bot or one of its libraries made.
        self.pools: dict[Any, Any] = {}
        self.guard = _thread.allocate_lock()
        self._enrolled = 0
        self._signal = _thread.allocate_lock()
        self._signal.acquire()

    def enrol(self, seat: Seat) -> int:
        self.seats.append(seat)
        self._enrolled += 1
        return self._enrolled

    def leave(self, seat: Seat) -> None:
        self.seats.remove(seat)

    def changed(self) -> None:
        """Wake the kernel, which looks at every seat anew."""
        # A lock as a binary signal: one that is set already stays set.
        if self._signal.locked():
            try:
                self._signal.release()
            except RuntimeError:
                return

    def settle(self) -> None:
        """Wait until every thread stands still. Raises BotHungError after `hang_limit_s` of real
        time.
        """
        slept_s = 0.0
        slice_s = PATIENCE_S
        while any(seat.state == "running" for seat in list(self.seats)):
            if self._signal.acquire(timeout=slice_s):
                slept_s = 0.0
                slice_s = PATIENCE_S
                continue
            slept_s += slice_s
            slice_s = min(2 * slice_s, 0.05)
            if self._stands_behind_others():
                return
            if slept_s >= self.hang_limit_s:
                self._hung()

    def abandon(self) -> None:
        """Give the crew up: every wait, the present ones too, raises AbandonedError."""
        with self.guard:
            self.abandoned = True
        for seat in list(self.seats):
            waiter = seat.waiter
            if waiter is not None:
                with suppress(RuntimeError):
                    waiter.release()

    def dismiss(self) -> bool:
        """End all threads; returns whether they are gone. One that computes is ended by an
        exception raised inside it.
        """
        self.abandon()
        for seat in list(self.seats):
            if seat.thread.ident is None:
                continue
            seat.thread.join(0 if self.lost else RESCUE_S)
            if seat.thread.is_alive() and seat.thread.ident is not None:
                raise_in(seat.thread.ident, AbandonedError)
                seat.thread.join(RESCUE_S)
        return not any(seat.thread.is_alive() for seat in list(self.seats))

    def _stands_behind_others(self) -> bool:
        """Whether those that seem to run all sleep, at a lock or in a join, while others of the
        crew wait for the world.

        A thread that sleeps for a reason of its own (a file, a child process) is waited for
        instead.
        """
        seats = list(self.seats)
        if not any(seat.state == "waiting" for seat in seats):
            return False
        busy = [seat for seat in seats if seat.state == "running"]
        before = [(rest_of(seat.thread), seat.place()) for seat in busy]
        for _ in range(LOOKS):
            if not all(rest.asleep for rest, _ in before):
                return False
            # A thread that only waits for the interpreter wakes once in a switch interval to ask
            # for it; on a busy machine it may not get it in several, and so not move.
            if self._signal.acquire(timeout=2 * max(PATIENCE_S, sys.getswitchinterval())):
                self.changed()
                return False
            if [(rest_of(seat.thread), seat.place()) for seat in busy] != before:
                return False
        return all(seat.state == "running" for seat in busy)

    def _hung(self) -> None:
        self.lost = True
        busy = [seat for seat in self.seats if seat.state == "running"]
        raise BotHungError(self.held_too_long(), "\n".join(seat.stack() for seat in busy))

    def held_too_long(self) -> str:
        """What a bot has done that hung."""
        return (
            f"the bot held {self.name} for more than {self.hang_limit_s:g} s of real time "
            "without a call, a sleep or an answer"
        )


class MainThread:
    """The thread that runs an instance's event loop: it does one job after another."""

    def __init__(self, crew: Crew) -> None:
        self.crew = crew
        self._job: Callable[[], None] | None = None
        self._error: BaseException | None = None
        # A daemon: a thread that can not be rescued must not keep the process alive.
        thread = threading.Thread(target=self._enter, name=f"thrice-bot-{crew.name}", daemon=True)
        self.seat = Seat(crew, thread)
        thread.start()
        crew.settle()

    @property
    def free(self) -> bool:
        """Whether the thread has no job in hand."""
        return self.seat.state == "idle"

    def run(self, job: Callable[[], None]) -> None:
        """Do `job`, until it ends or the whole crew stands still. Raises what it raised, or
        BotHungError.
        """
        if not self.free or self.seat.waiter is None:
            raise EmulatorBug(f"{self.crew.name} was given a job while it was {self.seat.state}")
        self._job = job
        self.seat.waiter.release()
        self.crew.settle()
        self.check()

    def check(self) -> None:
        """Raise what the last job raised, if it has ended by an exception."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _enter(self) -> None:
        deeper(TRAMPOLINE_FRAMES, self._serve)

    def _serve(self) -> None:
        seat = self.seat
        sit_down(seat)
        try:
            while True:
                seat.wait(Waiter(seat), "idle")
                job, self._job = self._job, None
                if job is not None:
                    self._do(job)
                if self.crew.lost:
                    return
        except AbandonedError:
            return
        finally:
            seat.end()

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except AbandonedError:
            if not self.crew.abandoned or self.crew.lost:
                raise
        except BaseException as error:  # handed to the kernel's thread, which raises it
            self._error = error


def deeper(frames: int, work: Callable[[], T]) -> T:
    """Do `work` this many frames further down."""
    return work() if frames == 0 else deeper(frames - 1, work)


def raise_in(thread_id: int, error: type[BaseException]) -> None:
    """Ask the interpreter to raise `error` in a thread at its next bytecode; a thread blocked in C
    does not hear it.
    """
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(error))
