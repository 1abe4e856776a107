"""A bench whose queue is kept in a file."""

from pathlib import Path

from emulator.clock import VIRTUAL_EPOCH
from emulator.exchange import Outcome
from emulator.kernel import Kernel
from emulator.qstash import QStash
from emulator.qstash.keeping import Keeping
from tests.qstash.support import HOST, Bench, Consumer


class Kept(Bench):
    """Goes on with the file at the time that it knows, or `late_s` seconds after; `killed` ends it
    as kill -9 does, with what was committed.
    """

    def __init__(self, path: Path, *script: Outcome | None, late_s: float = 0.0) -> None:
        super().__init__(*script)
        self.keeping = Keeping(path)
        epoch = (self.keeping.unix or VIRTUAL_EPOCH) + late_s
        self.kernel = Kernel(seed=self.keeping.run, epoch=epoch, own_dates=True)
        self.qstash = QStash(self.kernel)
        self.consumer = Consumer(self.kernel, *script)
        self.kernel.origins[HOST] = self.consumer
        self.keeping.take({"user": self.qstash}, ahead_s=lambda: 0.0)

    def killed(self) -> None:
        self.keeping.file.close()

    def over(self) -> None:
        self.keeping.commit()
        self.killed()


class Worlds:
    """Worlds on one file, each after the other was committed and ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._present: Kept | None = None

    def __call__(self, *script: Outcome | None, late_s: float = 0.0) -> Kept:
        if self._present is not None:
            self._present.over()
        self._present = Kept(self.path, *script, late_s=late_s)
        return self._present

    def close(self) -> None:
        if self._present is not None:
            self._present.killed()
