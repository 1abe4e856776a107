"""Lends fakeredis the time and the chance of a world while it executes one of its commands.

At any other moment, and on any other thread, it has its own, so that a test which uses fakeredis by
itself does not notice.
"""

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class _Lent(threading.local):
    unix: float | None = None
    stream: Callable[[], random.Random] | None = None


_lent = _Lent()


class _Time:
    """In the place of the module `time`."""

    @staticmethod
    def time() -> float:
        return time.time() if _lent.unix is None else _lent.unix

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class _Chance:
    """In the place of the module `random`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(random if _lent.stream is None else _lent.stream(), name)


_TIME, _CHANCE = _Time(), _Chance()


def take_the_place_of(library: str) -> None:
    """Stand in for both modules wherever a loaded library has imported them whole."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != library:
            continue
        names = vars(module)
        if names.get("time") is time:
            names["time"] = _TIME
        if names.get("random") is random:
            names["random"] = _CHANCE


@contextmanager
def lent(unix: float, stream: Callable[[], random.Random]) -> Iterator[None]:
    """On this thread it is `unix` (seconds since 1970), and what is drawn comes from `stream`; that
    is called when something is.
    """
    made: list[random.Random] = []

    def once() -> random.Random:
        if not made:
            made.append(stream())
        return made[0]

    before = _lent.unix, _lent.stream
    _lent.unix, _lent.stream = unix, once
    try:
        yield
    finally:
        _lent.unix, _lent.stream = before
