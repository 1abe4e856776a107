"""Whether a thread sleeps, as the operating system sees it; for threads that block in ways Python
does not tell.
"""

import _thread
import re
import sys
import threading
from pathlib import Path
from typing import NamedTuple

# Where Linux tells the state of a thread of this process; elsewhere the thread's own frames must
# do.
_TASKS = Path("/proc/self/task")
_LINUX = sys.platform == "linux" and _TASKS.is_dir()
# proc(5): its state by one letter, and how often it was taken off a core, by itself or not.
_STATE = re.compile(r"^State:\s+(\w)", re.M)
_SWITCHES = re.compile(r"^(?:non)?voluntary_ctxt_switches:\s+(\d+)$", re.M)


class Rest(NamedTuple):
    """Whether a thread is blocked right now, and how often it has gone off its core so far.

    One that waits for the interpreter is blocked most of the time, but wakes to ask for it again
    and again: it is not at rest. Where the system does not count, `times` is always 0.
    """

    asleep: bool
    times: int = 0


def rest_of(thread: threading.Thread) -> Rest:
    """One that has ended counts as asleep, one that is just starting does not."""
    if thread.ident is None:
        return Rest(asleep=False)
    if not thread.is_alive():
        return Rest(asleep=True)
    if not _LINUX:
        return Rest(asleep=_stands_in_one_place(thread))
    try:
        status = (_TASKS / str(thread.native_id) / "status").read_text()
    except OSError:
        return Rest(asleep=True)
    state = _STATE.search(status)
    times = sum(int(count) for count in _SWITCHES.findall(status))
    return Rest(asleep=state is not None and state[1] == "S", times=times)


def _stands_in_one_place(thread: threading.Thread) -> bool:
    """Without the system's word: the topmost Python frame has not moved for a few milliseconds."""
    pause = _thread.allocate_lock()
    pause.acquire()
    places = set()
    for _ in range(3):
        frame = sys._current_frames().get(thread.ident or -1)
        places.add((id(frame), frame.f_lasti) if frame is not None else None)
        pause.acquire(timeout=0.002)
    return len(places) == 1
