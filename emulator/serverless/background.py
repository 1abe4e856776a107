"""Work that a process has registered to outlive its responses, as `preload/context.cjs` tells it.

The script appends a line for each promise that is given to `waitUntil`, before the call returns,
and another when it is settled. A request is known by its header x-vercel-id.
"""

import json
import os
from contextlib import suppress
from pathlib import Path

from emulator.serverless.raised import Raised

# What of a chunk is read at once; a line has about a hundred bytes.
CHUNK_BYTES = 65_536


class Background:
    """Reads the file at `path`, which the process makes when it first has something to tell."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None
        self._offset = 0
        self._rest = b""
        self._pending: dict[str, int] = {}
        self._failures: dict[str, list[Raised]] = {}

    def pending(self, request: str) -> int:
        """How many promises of a request are not settled yet."""
        self._read()
        return self._pending.get(request, 0)

    def failures(self, request: str) -> list[Raised]:
        """Why promises of a request were rejected; each is told once."""
        self._read()
        return self._failures.pop(request, [])

    def close(self) -> None:
        """Let go of the file."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _read(self) -> None:
        if self._file is None:
            with suppress(OSError):
                self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        if self._file is None:
            return
        while chunk := os.pread(self._file, CHUNK_BYTES, self._offset):
            self._offset += len(chunk)
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            told = json.loads(line)
            request, what = str(told["request"]), told["what"]
        except (ValueError, KeyError, TypeError):
            return  # the file lies in the bot's own folder, so anything may be in it
        left = self._pending.get(request, 0) + (1 if what == "registered" else -1)
        if left > 0:
            self._pending[request] = left
        else:
            self._pending.pop(request, None)
        if what == "rejected":
            failure = Raised.told(str(told.get("error", "")), str(told.get("place", "")))
            self._failures.setdefault(request, []).append(failure)
