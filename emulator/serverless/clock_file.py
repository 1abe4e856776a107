"""The world's clock as the processes of a bot see it: a file that they look at whenever they look
at the clock, with the variables that make them do so.
"""

import math
import os
import struct
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from emulator.clock import DAY_S
from emulator.errors import BotStartError
from emulator.net import wall
from emulator.serverless import faketime

# What a bot's processes are made to see the world's clock by: a script in Node, besides that
# libfaketime in all that are linked dynamically, or nothing.
ClockKind = Literal["node", "libfaketime", "own"]

# Seconds between the beginnings of two worlds, at the least: limits are counted by the day.
APART_S = 25 * 3_600.0
# Seconds after the end of a world that the next one may begin.
PAUSE_S = 3_600.0

# Unix seconds, how often they were set, and the sum of both; see `preload/clock.cjs`.
_RECORD = struct.Struct("=ddd")


class ClockFile:
    """What the clock of a bot's processes shows: the machine's time, until it is set.

    It never goes back: what a process remembers of one world is the past in the next one. Raises
    BotStartError when what `kind` needs is not there.
    """

    def __init__(self, kind: ClockKind = "node") -> None:
        self.kind = kind
        self._library = faketime.find() if kind == "libfaketime" else None
        if kind == "libfaketime" and self._library is None:
            raise BotStartError(
                '[bot] clock = "libfaketime": libfaketime is not installed; on Debian and Ubuntu '
                "it comes with apt-get install libfaketime"
            )
        self._times_set = 0
        self._unix = -math.inf
        self._began = -math.inf
        self._record = _Shared(_RECORD.pack(0.0, 0.0, 0.0))
        self._text = _Shared(faketime.REAL) if self._library is not None else None

    def show(self, unix: float) -> None:
        """Have it be `unix` (seconds since 1970) for all processes, from now on."""
        self._times_set += 1
        self._unix = unix
        self._record.write(_RECORD.pack(unix, self._times_set, unix + self._times_set))
        if self._text is not None:
            self._text.write(faketime.moment(unix))

    def begins(self, epoch: float) -> float:
        """When the next world begins, which would rather begin at `epoch` (unix seconds): at that
        time of day, not before the real time, and well after the world before.
        """
        least = max(wall.unix(), self._began + APART_S, self._unix + PAUSE_S)
        self._began = epoch + max(0, math.ceil((least - epoch) / DAY_S)) * DAY_S
        return self._began

    def joined(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The variables of a process, with those that lead it to this clock."""
        if self.kind == "own":
            return dict(environment)
        variables = {**environment, "THRICE_CLOCK": self._record.path}
        if self._library is not None and self._text is not None:
            variables |= faketime.variables(
                {**os.environ, **environment}, library=self._library, file=self._text.path
            )
        return variables

    def is_followed(self, port: int, folder: Path) -> bool:
        """Whether what listens on `port` sees this clock; `folder` is its one for temporary
        files.
        """
        # Written by the preload of the very process that listens.
        if (folder / f"clock-{port}").exists():
            return True
        return self._library is not None and faketime.is_loaded(port, folder)

    def close(self) -> None:
        """Let go of the files; may be called again."""
        self._record.close()
        if self._text is not None:
            self._text.close()


class _Shared:
    """A few bytes, always as many, that other processes read by a path.

    On Linux there is no file that could be left behind: the path leads to memory of this process.
    """

    def __init__(self, data: bytes) -> None:
        self._unlink = False
        if hasattr(os, "memfd_create"):
            self._file = os.memfd_create("thrice-clock")
            self.path = f"/proc/{os.getpid()}/fd/{self._file}"
        else:
            self._file, self.path = tempfile.mkstemp(prefix="thrice-clock-")
            self._unlink = True
        self.write(data)

    def write(self, data: bytes) -> None:
        os.pwrite(self._file, data, 0)

    def close(self) -> None:
        if self._file < 0:
            return
        file, self._file = self._file, -1
        os.close(file)
        if self._unlink:
            with suppress(OSError):
                os.unlink(self.path)
