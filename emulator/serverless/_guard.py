"""Runs one command, and sees to it that nothing of it outlives the process that asked for it.

A script of its own, started with `python -I -S`: it imports nothing of the project. Its standard
input is a lifeline: `term` asks the command to end, `stop` and `cont` stop and continue its group,
and when the other side closes it, or dies in whatever way, every descendant is killed and the
folder for temporary files, which it made at the start, is removed.

Arguments: the folder, then the command for the shell, then names and contents, in turn, of files
that the command finds in the folder.
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # prctl(2)
# How often descendants are looked for again before the guard gives up: a process that forks faster
# than it is killed can not be ended by anybody but its user.
ROUNDS = 1_000


def main() -> int:
    folder, command, *files = sys.argv[1:]
    # Fails when somebody else has it: nobody's folder is used, or removed.
    os.mkdir(folder, 0o700)
    for name, content in zip(files[::2], files[1::2], strict=True):
        with open(os.path.join(folder, name), "w") as file:
            file.write(content)
    linux = sys.platform == "linux"
    if linux:
        # Orphans below come to us, whatever session or group they have put themselves in.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    child = subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=die_with_parent if linux else restore_signals,
    )
    code: int | None = None
    while code is None:
        readable, _, _ = select.select([0, wake_read], [], [])
        if 0 in readable:
            said = os.read(0, 64)
            if not said:
                break
            for word in said.split():
                obey(word, child.pid)
        if wake_read in readable:
            os.read(wake_read, 512)
            code = child.poll()
    kill_all(child)
    shutil.rmtree(folder, ignore_errors=True)
    if code is None:
        return 0
    return code if code >= 0 else 128 - code


def restore_signals() -> None:
    for changed in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(changed, signal.SIG_DFL)


def die_with_parent() -> None:
    restore_signals()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def obey(word: bytes, group: int) -> None:
    if word == b"stop":
        tell(group, signal.SIGSTOP)
    elif word == b"cont":
        tell(group, signal.SIGCONT)
    elif word == b"term":
        tell(group, signal.SIGTERM)
        # Whoever is stopped does not hear of it before it runs again.
        tell(group, signal.SIGCONT)
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGCONT)


def tell(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def kill_all(child: "subprocess.Popen[bytes]") -> None:
    """Kill every descendant until there is none."""
    for _ in range(ROUNDS):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                select.select([], [], [], 0.002)
        except ChildProcessError:
            return


def descendants(pid: int) -> "list[int]":
    """All processes below, as far as this system tells."""
    found: list[int] = []
    todo = [pid]
    while todo:
        parent = todo.pop()
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as file:
                    children = [int(child) for child in file.read().split()]
                found += children
                todo += children
        except OSError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
