"""Whether a thread sleeps, as the operating system sees it; for threads that block in ways Python
does not tell.
"""

import _thread
import sys
import threading
from pathlib import Path

# Where Linux tells the state of a thread of this process; elsewhere the thread's own frames must
# do.
_TASKS = Path("/proc/self/task")
_LINUX = sys.platform == "linux" and _TASKS.is_dir()


def is_asleep(thread: threading.Thread) -> bool:
    """Whether the thread is blocked right now. One that has ended counts as asleep, one that is
    just starting does not.
    """
    if thread.ident is None:
        return False
    if not thread.is_alive():
        return True
    if not _LINUX:
        return _stands_in_one_place(thread)
    try:
        status = (_TASKS / str(thread.native_id) / "stat").read_text()
    except OSError:
        return True
    # The state is the first field after the name, which is in parentheses and may contain spaces
    # (proc(5)).
    return status.rpartition(")")[2].split()[0] == "S"


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
