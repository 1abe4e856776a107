"""The baton: of the kernel's thread and all threads of bots, exactly one runs at a time.

Bots call blocking code inside `async def`; on the kernel's own thread that would be a deadlock, so
every instance has a thread, which runs only while it holds the baton. A watchdog on the real clock
ends a run whose holder never gives it back.
"""

import _thread
import ctypes
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from emulator.errors import BotHungError, EmulatorBug

T = TypeVar("T")

# Real seconds a bot may compute or block between two points at which the world sees it.
HANG_LIMIT_S = 10.0
# freezegun gives the real time to callers within five frames of the `threading` module (its ignore
# list, and `call_stack_inspection_limit`); every bot thread therefore starts this many frames
# further down.
TRAMPOLINE_FRAMES = 6
# How long an abandoned thread is given to leave.
RESCUE_S = 2.0
_HERE = str(Path(__file__).parent)


class AbandonedError(BaseException):
    """Raised inside a bot's thread that is being given up; not an Exception, so that bots do not
    catch it.
    """


class _Seat:
    """Where a thread waits for the baton."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._lock.acquire()

    def wait(self, timeout_s: float = -1) -> bool:
        return self._lock.acquire(timeout=timeout_s)

    def wake(self) -> None:
        self._lock.release()


_local = threading.local()


def current_thread() -> "BotThread | None":
    """The bot thread that calls this, or None on any other thread."""
    return getattr(_local, "bot_thread", None)


class BotThread:
    """A thread of a bot. The kernel lends it the baton with `run` and `resume`; it gives it back at
    the end of a job or by `park`.
    """

    def __init__(self, name: str, *, hang_limit_s: float = HANG_LIMIT_S) -> None:
        self.name = name
        self.parked = False
        self.lost = False
        self._hang_limit_s = hang_limit_s
        self._kernel = _Seat()
        self._own = _Seat()
        self._job: Callable[[], None] | None = None
        self._error: BaseException | None = None
        self._abandoned = False
        self._closing = False
        # A daemon: a thread that can not be rescued must not keep the process alive.
        self._thread = threading.Thread(target=self._enter, name=f"thrice-bot-{name}", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def run(self, job: Callable[[], None]) -> None:
        """Do `job` on the thread, until it ends or parks. Raises what it raised, or BotHungError
        after the watchdog's limit.
        """
        if self.parked or self.lost:
            raise EmulatorBug(
                f"{self.name} was given a job while it was {'lost' if self.lost else 'parked'}"
            )
        self._job = job
        self._hand_over()

    def resume(self) -> None:
        """Let a parked thread go on."""
        if not self.parked:
            raise EmulatorBug(f"{self.name} was resumed but is not parked")
        self._hand_over()

    def park(self) -> None:
        """Called on the thread itself: give the baton back and wait for `resume`."""
        if self._abandoned:
            raise AbandonedError
        self.parked = True
        self._kernel.wake()
        self._own.wait()
        self.parked = False
        if self._abandoned:
            raise AbandonedError

    def abandon(self) -> None:
        """Make every `park`, the present one too, raise AbandonedError, so that the job in hand
        unwinds.
        """
        self._abandoned = True
        if self.parked:
            self._hand_over()

    def close(self) -> bool:
        """End the thread; returns whether it is gone. One that computes is ended by an exception
        raised inside it.
        """
        self._abandoned = self._closing = True
        if not self._thread.is_alive():
            return True
        if not self.lost:
            self._own.wake()
            self._thread.join(RESCUE_S)
        if self._thread.is_alive() and self._thread.ident is not None:
            _raise_in(self._thread.ident)
            self._thread.join(RESCUE_S)
        return not self._thread.is_alive()

    def stack(self) -> str:
        """Where the thread is now, as a traceback without the frames of the emulator."""
        frame = sys._current_frames().get(self._thread.ident or -1)
        if frame is None:
            return ""
        rows = [row for row in traceback.extract_stack(frame) if not row.filename.startswith(_HERE)]
        while rows and rows[0].filename == threading.__file__:
            rows.pop(0)
        return "".join(traceback.format_list(rows))

    # -- inside

    def _hand_over(self) -> None:
        self._own.wake()
        if not self._kernel.wait(self._hang_limit_s):
            self.lost = True
            stack = self.stack()
            raise BotHungError(
                f"the bot held {self.name} for more than {self._hang_limit_s:g} s of real time "
                "without a call, a sleep or an answer",
                stack,
            )
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _enter(self) -> None:
        _deeper(TRAMPOLINE_FRAMES, self._serve)

    def _serve(self) -> None:
        _local.bot_thread = self
        while True:
            try:
                self._own.wait()
                if self._closing:
                    return
                job, self._job = self._job, None
                if job is not None:
                    job()
            except AbandonedError:
                pass
            except BaseException as error:  # handed to the kernel's thread, which raises it
                self._error = error
            if self.lost or self._closing:
                return
            self._kernel.wake()


def _deeper(frames: int, work: Callable[[], T]) -> T:
    return work() if frames == 0 else _deeper(frames - 1, work)


def _raise_in(thread_id: int) -> None:
    """Ask the interpreter to raise AbandonedError in a thread at its next bytecode; a thread
    blocked in C does not hear it.
    """
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread_id), ctypes.py_object(AbandonedError)
    )
