"""Ports of this machine: one that is free, and those that processes listen on."""

import os
import socket
from collections.abc import Collection
from contextlib import suppress

LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes the ports of outgoing connections (32768 to 60999): a port
# that is free now will not be given to a client in the meantime.
FIRST, LAST = 20_000, 32_000
_LISTENING = "0A"  # proc(5), /proc/net/tcp: state TCP_LISTEN

_next = [0]


def free_port() -> int:
    """A port that nobody listens on, and that this process has not given out before.

    Raises OSError when there is none.
    """
    count = LAST - FIRST
    # Processes that run side by side begin at different places.
    start = _next[0] or (os.getpid() * 97) % count
    for step in range(count):
        offset = (start + step) % count
        if _is_free(FIRST + offset):
            _next[0] = offset + 1
            return FIRST + offset
    raise OSError(f"no port from {FIRST} to {LAST} is free")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def listening_ports(pids: Collection[int]) -> list[int]:
    """The TCP ports that these processes listen on, in order; none where /proc is missing."""
    inodes = set()
    for pid in pids:
        with suppress(OSError):
            for file in os.listdir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    target = os.readlink(f"/proc/{pid}/fd/{file}")
                    if target.startswith("socket:["):
                        inodes.add(target[8:-1])
    return sorted({port for port, inode in _listeners() if inode in inodes})


def listening_pids(port: int) -> list[int]:
    """The processes of this user that listen on a TCP port; none where /proc is missing."""
    inodes = {inode for candidate, inode in _listeners() if candidate == port}
    found = []
    with suppress(OSError):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError):
                for file in os.listdir(f"/proc/{pid}/fd"):
                    with suppress(OSError):
                        if os.readlink(f"/proc/{pid}/fd/{file}")[8:-1] in inodes:
                            found.append(int(pid))
                            break
    return found


def _listeners() -> list[tuple[int, str]]:
    """Port and inode of every listening socket."""
    found = []
    for table in ("tcp", "tcp6"):
        with suppress(OSError), open(f"/proc/net/{table}") as file:
            for row in list(file)[1:]:
                fields = row.split()
                if fields[3] == _LISTENING:
                    found.append((int(fields[1].rpartition(":")[2], 16), fields[9]))
    return found
