"""Standard output and error for commands whose reader may leave early, as `head` does: whatever
is said after that is said to nobody, and changes neither files nor the exit code.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO


class Outlet:
    """A stream that takes everything, also when nobody reads it any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._left = False

    def write(self, text: str) -> int:
        if not self._left:
            try:
                return self._stream.write(text)
            except BrokenPipeError:
                self._leave()
        return len(text)

    def flush(self) -> None:
        if not self._left:
            try:
                self._stream.flush()
            except BrokenPipeError:
                self._leave()

    def _leave(self) -> None:
        """What the stream still holds goes nowhere, now and when the process ends."""
        self._left = True
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def outlets() -> Iterator[None]:
    """Have both streams be outlets; what was printed has left the process at the end."""
    streams = sys.stdout, sys.stderr
    own = Outlet(sys.stdout), Outlet(sys.stderr)
    sys.stdout, sys.stderr = own
    try:
        yield
    finally:
        for outlet in own:
            outlet.flush()
        sys.stdout, sys.stderr = streams
