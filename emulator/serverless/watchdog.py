"""Ends what a bot does on the kernel's own thread when it does not give control back."""

import _thread
import ctypes
import signal
import sys
import threading
import traceback
from pathlib import Path

from emulator.serverless.baton import AbandonedError, raise_in

_HERE = str(Path(__file__).parent)
# Looks at the bot until its time is up; more make the limit more exact.
LOOKS = 10


class Watchdog:
    """Looks from a thread of its own, at most once a second, whether the bot still does the same
    job. It counts its own sleeps: no clock is read.
    """

    def __init__(self, hang_limit_s: float) -> None:
        self._limit_s = hang_limit_s
        self._slice_s = min(1.0, hang_limit_s / LOOKS)
        self._stop = _thread.allocate_lock()
        self._thread: threading.Thread | None = None
        self._ident = 0
        self._job = 0
        self._busy = False
        # Where the job hung, once it was ended for that.
        self.stack: str | None = None

    def start(self) -> None:
        self._stop.acquire()
        self._thread = threading.Thread(target=self._watch, name="thrice-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            self._stop.release()
            self._thread.join()
            self._stop.release()
            self._thread = None

    def enter(self) -> None:
        """A job begins on the calling thread."""
        self._ident = _thread.get_ident()
        self._job += 1
        self._busy = True

    def leave(self) -> str | None:
        """The job is over; returns where it hung, if it was ended for that."""
        self._busy = False
        if self.stack is None:
            return None
        # What was to be raised in it and has not been yet.
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._ident), None)
        stack, self.stack = self.stack, None
        return stack

    def _watch(self) -> None:
        seen, slept_s = 0, 0.0
        while not self._stop.acquire(timeout=self._slice_s):
            if not self._busy or self._job != seen:
                seen, slept_s = self._job, 0.0
                continue
            slept_s += self._slice_s
            if slept_s >= self._limit_s:
                self._end_job()
                slept_s -= self._slice_s

    def _end_job(self) -> None:
        if self.stack is None:
            self.stack = stack_of(self._ident)
            raise_in(self._ident, AbandonedError)
        elif self._ident == threading.main_thread().ident and self._busy:
            # It stands in C, for example at a lock, where only a signal reaches it, and only on
            # this thread.
            signal.pthread_kill(self._ident, signal.SIGINT)


def stack_of(ident: int) -> str:
    """What a bot does on the kernel's thread, as a traceback without what has called it."""
    frame = sys._current_frames().get(ident)
    rows = traceback.extract_stack(frame)
    first = max(
        (at + 1 for at, row in enumerate(rows) if row.filename.startswith(_HERE)), default=0
    )
    return "".join(traceback.format_list(rows[first:]))
