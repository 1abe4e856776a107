"""Keeping queues in a file: what has changed is noted as it happens, and written by `commit`.

The rule for whoever serves the queues: commit before anybody is told. Then what was acknowledged is
in the file, and so is the outcome of a delivery before anything follows from it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from emulator.qstash.file import QueueFile
from emulator.qstash.kept import Kept
from emulator.qstash.restoring import restore
from emulator.qstash.service import QStash

_VALUE = "INSERT OR REPLACE INTO marks VALUES (?, ?)"


class Keeping:
    """A file and the queues that are kept in it.

    `run` counts the worlds that it was used for before, `unix` is the latest time that one of them
    had, and `ahead_s` by how much that one was ahead of the wall clock. Raises ScenarioError when
    the file can not be used.
    """

    def __init__(self, path: Path) -> None:
        self.file = QueueFile(path)
        marks = {str(name): value for name, value in self.file.read("SELECT * FROM marks")}
        self.run = round(_number(marks.get("runs")))
        self.unix = _number(marks.get("unix"))
        self.ahead_s = _number(marks.get("ahead_s"))
        self._accounts: list[Kept] = []
        self._ahead: Callable[[], float] = lambda: 0.0

    def take(self, queues: Mapping[str, QStash], *, ahead_s: Callable[[], float]) -> None:
        """Have these new queues, by account, go on where those of the file ended; they are kept
        from now on. `ahead_s` tells by how much their world is ahead of the wall clock.
        """
        self._ahead = ahead_s
        self._accounts = []
        for account, queue in queues.items():
            restore(self.file, account, queue)
            self._accounts.append(Kept(self.file, account, queue, run=self.run))
        self.file.do(_VALUE, "runs", self.run + 1)
        self.commit()

    def begin_anew(self, queues: Mapping[str, QStash], *, ahead_s: Callable[[], float]) -> None:
        """Forget everything, and keep these new queues instead."""
        self.run += 1
        self.unix = self.ahead_s = 0.0
        self.file.clear()
        self.take(queues, ahead_s=ahead_s)

    def resumed(self, unix: float) -> float:
        """When a world that goes on begins, if it is `unix` by the wall's clock (Unix seconds): as
        far ahead as the last one was, and never before that ended.
        """
        return max(unix + self.ahead_s, self.unix)

    def commit(self) -> None:
        """Write whatever has changed; all of it takes effect, or nothing."""
        # Each of them is asked, so no `any` with its short cut.
        if sum([account.write() for account in self._accounts]):
            clock = self._accounts[0].queue.kernel.clock
            self.file.do(_VALUE, "unix", clock.unix)
            self.file.do(_VALUE, "ahead_s", self._ahead())
        self.file.commit()

    def close(self) -> None:
        """Write whatever has changed, and let go of the file."""
        self.commit()
        self.file.close()


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
