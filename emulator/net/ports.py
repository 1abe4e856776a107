"""Ports of this machine: one that is free, and those that processes listen on."""

import atexit
import os
import socket
import sys
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import suppress

LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes the ports of outgoing connections (32768 to 60999): a port
# that is free now will not be given to a client in the meantime.
FIRST, LAST = 20_000, 32_000
COUNT = LAST - FIRST
_LISTENING = "0A"  # proc(5), /proc/net/tcp: state TCP_LISTEN

# Processes take ports by the block, so that two which run side by side never give out the same one
# between the moment when it is found free and the one when a bot listens on it.
BLOCK = 50


class _Supply:
    """The ports that this process may give out: those of a block that nobody else has claimed.

    The claim is the name of a socket in Linux's abstract namespace (unix(7)), which ends with the
    process. Elsewhere nothing is claimed, and ports are only looked at.
    """

    def __init__(self) -> None:
        # Processes that run side by side begin at different places.
        self._block = os.getpid() * 97 % (COUNT // BLOCK)
        self._ports: Iterator[int] = iter(())
        # The one in use and the one before, whose last ports may be on their way still.
        self._claims: deque[socket.socket] = deque(maxlen=2)
        atexit.register(self._let_go)

    def next(self) -> int:
        for _ in range(COUNT // BLOCK + 1):
            for port in self._ports:
                if _is_free(port):
                    return port
            self._move_on()
        raise OSError(f"no port from {FIRST} to {LAST} is free")

    def _move_on(self) -> None:
        """Take the next block that is not taken; none is left out when all are."""
        for _ in range(COUNT // BLOCK):
            self._block = (self._block + 1) % (COUNT // BLOCK)
            if self._claim(self._block):
                break
        first = FIRST + self._block * BLOCK
        self._ports = iter(range(first, first + BLOCK))

    def _claim(self, block: int) -> bool:
        if sys.platform != "linux":
            return True
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0thrice-ports-{block}")
        except OSError:
            claim.close()
            return False
        if len(self._claims) == self._claims.maxlen:
            self._claims.popleft().close()
        self._claims.append(claim)
        return True

    def _let_go(self) -> None:
        for claim in self._claims:
            claim.close()


_supply = _Supply()


def free_port() -> int:
    """A port that nobody listens on, and that neither this process nor another thrice has given
    out lately.

    Raises OSError when there is none.
    """
    return _supply.next()


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
