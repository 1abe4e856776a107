"""What bots print and log: kept apart from the report, and shown with a failure."""

import sys
from collections import deque
from typing import Any, TextIO

from emulator.serverless.baton import current_seat

# Lines kept; older ones are forgotten.
KEEP_LINES = 200


class _Split:
    """A stream that keeps what bots' threads write and passes on what everybody else writes."""

    def __init__(self, stream: TextIO, lines: deque[str]) -> None:
        self._stream = stream
        self._lines = lines
        self._partial = ""

    def write(self, text: str) -> int:
        if current_seat() is None:
            return self._stream.write(text)
        *whole, self._partial = (self._partial + text).split("\n")
        self._lines.extend(whole)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class BotOutput:
    """Stands before `sys.stdout` and `sys.stderr` while bots run."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=KEEP_LINES)
        self._streams: tuple[TextIO, TextIO] | None = None

    def start(self) -> None:
        self._streams = (sys.stdout, sys.stderr)
        sys.stdout = _Split(sys.stdout, self.lines)
        sys.stderr = _Split(sys.stderr, self.lines)

    def stop(self) -> None:
        if self._streams is not None:
            sys.stdout, sys.stderr = self._streams
            self._streams = None
