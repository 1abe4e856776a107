"""Whether a process group is asleep: every thread of it, and nothing on its way to or from it.

A parked call is answered only then, since a bot that did not wait for the call is still on its way
to its response; and only then are all calls that a handler makes in parallel known.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from emulator.net import wall

# Where the operating system does not tell what threads do, a group is taken for asleep when nothing
# of it has arrived for this long (real seconds). A guess: a handler that computes for longer
# between two parallel calls has them answered one after the other, and a call that is not waited
# for may be answered before the response that comes after it.
HOLD_S = 0.05
# A thread that has computed for so long without a pause (seconds of its own time) is waited for no
# longer: a worker that never rests would keep its bot from ever being answered.
RESTLESS_S = 0.25
# Such a thread is looked for only when nothing sleeps for this long after a release (real seconds).
LOOK_AFTER_S = 0.05
# Beside such a thread, others sleep only when they have for so long (real seconds). Interpreters
# that let one thread run at a time have those that wait for their turn ask for it more often:
# Python every 5 ms (sys.getswitchinterval).
REST_S = 0.02

_ASLEEP = frozenset(b"SIZXTt")
_STOPPED = frozenset(b"ZXTt")


class Watch(Protocol):
    """Tells when a group has done all it could with what it was given.

    An `exact` one sees threads sleep. `restless` tells that some thread was seen not to: what the
    others do is then known less well.
    """

    exact: bool
    restless: bool

    def released(self) -> None:
        """Something is about to be handed to the group: it has to run before it counts as
        asleep.
        """

    def asleep(self, drain: Callable[[], None]) -> bool:
        """Whether nothing of the group runs, or is about to.

        `drain` returns when whatever the group has sent has been read.
        """

    def alive(self) -> bool:
        """Whether there is any process to watch."""

    def close(self) -> None:
        """Let go of what the watch holds open."""


def can_see_threads() -> bool:
    """Whether this system tells the state, the run counts and the children of threads."""
    task = Path(f"/proc/self/task/{os.getpid()}")
    return all((task / name).exists() for name in ("stat", "schedstat", "children"))


def watch(*pids: int, keeper: bool = False) -> Watch:
    """The best watch that this system offers for processes and their descendants.

    A `keeper` only keeps the others: without any, the group is not alive.
    """
    return ThreadWatch(*pids, keeper=keeper) if pids and can_see_threads() else HoldWatch()


class ThreadWatch:
    """Reads the states of all threads of some processes and their descendants (Linux).

    The group is asleep when every thread sleeps at two readings, none has run in between, and what
    it sent before has been read in between. A thread that was woken and has not run yet is not
    asleep, so a loaded machine makes this slower and not wrong.
    """

    exact = True

    def __init__(self, *pids: int, keeper: bool = False) -> None:
        self._roots = pids
        self._keepers = set(pids) if keeper else set()
        self.restless = False
        self._threads: dict[tuple[int, int], _Thread] = {}
        self._runs_at_release: tuple[tuple[tuple[int, int], int], ...] | None = None
        self._released_at = wall.monotonic()
        # Threads that never rest, and how much each had computed when something was released.
        self._busy: set[tuple[int, int]] = set()
        self._spent: dict[tuple[int, int], float] = {}

    def released(self) -> None:
        self._find()
        self._runs_at_release = self._runs()
        self._released_at = wall.monotonic()
        self._spent.clear()

    def asleep(self, drain: Callable[[], None]) -> bool:
        self._find()
        before = self._runs()
        if before == self._runs_at_release:
            return False
        if not self._all_asleep():
            self._look_for_busy()
            return False
        if self._busy:
            wall.pause(REST_S)
        drain()
        # In this order: a thread that runs after its state was read shows in the counts.
        if not self._all_asleep() or self._runs() != before:
            return False
        # A thread that was made since the first reading was made by one that ran. One that was made
        # just before it, while the tree was being followed, shows only now.
        known = set(self._threads)
        self._find()
        if set(self._threads) != known:
            return False
        self._runs_at_release = None
        return True

    def pids(self) -> set[int]:
        """The processes of the group that are alive."""
        self._find()
        return {pid for pid, _ in self._threads}

    def alive(self) -> bool:
        return bool(self.pids() - self._keepers)

    def stopped(self) -> bool:
        """Whether every thread of the group, as far as it was found, is stopped or gone."""
        return all(
            thread.state() in _STOPPED
            for (pid, _), thread in self._threads.items()
            if pid not in self._keepers
        )

    def close(self) -> None:
        for thread in self._threads.values():
            thread.close()
        self._threads.clear()

    def _find(self) -> None:
        """Follow the tree of processes, with its threads."""
        found: dict[tuple[int, int], _Thread] = {}
        todo = list(self._roots)
        seen: set[int] = set()
        while todo:
            pid = todo.pop()
            if pid in seen:
                continue
            seen.add(pid)
            try:
                tids = os.listdir(f"/proc/{pid}/task")
            except OSError:
                continue
            for tid in map(int, tids):
                thread = self._threads.pop((pid, tid), None)
                with suppress(OSError):
                    if thread is None:
                        thread = _Thread(pid, tid)
                    todo += thread.children()
                    found[pid, tid] = thread
                    continue
                if thread is not None:
                    thread.close()
        self.close()
        self._threads = found

    def _runs(self) -> tuple[tuple[tuple[int, int], int], ...]:
        return tuple(
            (key, thread.runs()) for key, thread in self._threads.items() if key not in self._busy
        )

    def _all_asleep(self) -> bool:
        """Whether all sleep but those that never do; of these, one that is seen asleep is not one
        of them.
        """
        for key, thread in self._threads.items():
            if thread.state() in _ASLEEP:
                self._busy.discard(key)
            elif key not in self._busy:
                return False
        return True

    def _look_for_busy(self) -> None:
        if wall.monotonic() - self._released_at < LOOK_AFTER_S:
            return
        for key, thread in self._threads.items():
            if thread.state() in _ASLEEP:
                self._spent.pop(key, None)
            elif thread.spent_s() - self._spent.setdefault(key, thread.spent_s()) >= RESTLESS_S:
                self._busy.add(key)
                self.restless = True


class HoldWatch:
    """A fixed hold, for systems that do not tell what threads do."""

    exact = False
    restless = False

    def __init__(self, hold_s: float = HOLD_S) -> None:
        self._hold_s = hold_s

    def released(self) -> None:
        """Nothing to remember."""

    def asleep(self, drain: Callable[[], None]) -> bool:
        wall.pause(self._hold_s)
        drain()
        return True

    def alive(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is open."""


class _Thread:
    """The files of one thread, kept open: reading them again costs a tenth of opening them."""

    __slots__ = ("_children", "_runs", "_stat")

    def __init__(self, pid: int, tid: int) -> None:
        folder = f"/proc/{pid}/task/{tid}/"
        opened: list[int] = []
        try:
            opened.extend(
                os.open(folder + name, os.O_RDONLY | os.O_CLOEXEC)
                for name in ("stat", "schedstat", "children")
            )
        except OSError:
            for file in opened:
                os.close(file)
            raise
        self._stat, self._runs, self._children = opened

    def state(self) -> int:
        """One letter, as in `ps`; a thread that is gone counts as a zombie."""
        try:
            line = os.pread(self._stat, 512, 0)
        except OSError:
            return ord("Z")
        # The name in brackets may contain anything, brackets included.
        return line[line.rindex(b")") + 2]

    def runs(self) -> int:
        """How often it was given a core (proc(5), schedstat, third field); -1 when it is gone."""
        try:
            return int(os.pread(self._runs, 128, 0).split()[2])
        except OSError:
            return -1

    def spent_s(self) -> float:
        """Seconds for which it has computed (proc(5), schedstat, first field)."""
        try:
            return int(os.pread(self._runs, 128, 0).split()[0]) / 1e9
        except OSError:
            return 0.0

    def children(self) -> list[int]:
        return [int(pid) for pid in os.pread(self._children, 65536, 0).split()]

    def close(self) -> None:
        for file in (self._stat, self._runs, self._children):
            os.close(file)
