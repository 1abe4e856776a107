"""libfaketime, for processes that are not Node's: their wall clock shows the world's time, and
stands while they work; timers stay real.

It is out of reach of programs that are linked statically, and of those that call the kernel
themselves, as Go's do.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from emulator.net.ports import listening_pids

# Where packages put it (Debian, Ubuntu; Fedora; Arch, Alpine and what is built by hand).
FOLDERS = (
    "/usr/lib/x86_64-linux-gnu/faketime",
    "/usr/lib/aarch64-linux-gnu/faketime",
    "/usr/lib64/faketime",
    "/usr/lib/faketime",
    "/usr/local/lib/faketime",
)
# The one for programs with threads.
NAME = "libfaketimeMT.so.1"
# Python's own part: with a real monotonic clock, libfaketime breaks `time.sleep`.
PYTHON = Path(__file__).parent / "preload" / "python"
WIDTH = 24
# The machine's time: an offset of nothing (libfaketime README, "relative time").
REAL = b"+0".ljust(WIDTH - 1) + b"\n"


def find() -> Path | None:
    """The library, where it is installed."""
    return next((path for folder in FOLDERS if (path := Path(folder, NAME)).is_file()), None)


def moment(unix: float) -> bytes:
    """A time (unix seconds) as the library reads it."""
    return f"{unix:.6f}".ljust(WIDTH - 1).encode() + b"\n"


def variables(known: Mapping[str, str], *, library: Path, file: str) -> dict[str, str]:
    """The variables by which a process is given the time in `file`; what is `known` already of
    those that are lists stays in them.
    """
    return {
        "LD_PRELOAD": _list(str(library), known.get("LD_PRELOAD")),
        "PYTHONPATH": _list(str(PYTHON), known.get("PYTHONPATH")),
        "FAKETIME_TIMESTAMP_FILE": file,
        # Seconds since 1970, so that no time zone matters.
        "FAKETIME_FMT": "%s",
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def is_loaded(port: int, folder: Path) -> bool:
    """Whether all processes that listen on `port` have the library, and in Python our part of it.

    `folder` is the one for their temporary files.
    """
    pids = listening_pids(port)
    return bool(pids) and all(
        _has_library(pid) and (not _is_python(pid) or _has_part(pid, folder)) for pid in pids
    )


def _list(ours: str, known: str | None) -> str:
    return f"{ours}:{known}" if known else ours


def _has_library(pid: int) -> bool:
    try:
        return NAME in Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False


def _is_python(pid: int) -> bool:
    try:
        return Path(os.readlink(f"/proc/{pid}/exe")).name.startswith("python")
    except OSError:
        return False


def _has_part(pid: int, folder: Path) -> bool:
    """A worker that was forked has it from the process that it was forked from."""
    while pid > 1:
        if (folder / f"clock-of-{pid}").exists():
            return True
        parent = 0
        with suppress(OSError):
            # The name in brackets may contain anything, brackets included.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            parent = int(fields[1])
        pid = parent
    return False
