"""The real clock, for what meets real sockets and processes; the rest of the world has a clock of
its own.
"""

import time


def unix() -> float:
    """Seconds since 1970, as every process on this machine sees them."""
    return time.time()


def monotonic() -> float:
    """Seconds that only ever grow; for ages and deadlines."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Give other threads and processes this long."""
    time.sleep(seconds)
