"""What a database may use per day, and the error when that is used up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from emulator.errors import ScenarioError
from emulator.firestore.errors import ResourceExhaustedError
from emulator.firestore.oplog import NOTHING, Billed
from emulator.firestore.writes import Delete, Write

EXHAUSTED = "Quota exceeded."  # as public reports of bots over their quota quote it


@dataclass(frozen=True, slots=True)
class Quota:
    """Units per day; by default the free quota (Firestore docs, "Usage and limits")."""

    reads: int = 50_000
    writes: int = 20_000
    deletes: int = 20_000

    def __post_init__(self) -> None:
        """Raises ScenarioError for a negative number."""
        for name in ("reads", "writes", "deletes"):
            if getattr(self, name) < 0:
                raise ScenarioError(f"a quota can't be negative: {name}={getattr(self, name)}")


class Meter:
    """What was used since midnight in the time of the Pacific coast, when the count begins anew.

    `unix` tells the time; without a `quota` nothing is ever refused. What was refused costs
    nothing, however often a client repeats it.
    """

    def __init__(self, unix: Callable[[], float], quota: Quota | None = None) -> None:
        self.quota = quota
        self._unix = unix
        self._used = NOTHING
        self._until = 0.0

    @property
    def used(self) -> Billed:
        """Today's units."""
        if self._unix() >= self._until:
            self._used, self._until = NOTHING, _next_midnight(self._unix())
        return self._used

    def use(self, billed: Billed) -> None:
        """Count what a request cost; it may end beyond the quota, as requests are not split."""
        if self.quota is not None:
            self._used = self.used + billed

    def check_reads(self) -> None:
        """Raise ResourceExhaustedError when no more reads are left today."""
        if self.quota is not None and self.used.reads >= self.quota.reads:
            raise ResourceExhaustedError(EXHAUSTED)

    def check_writes(self, writes: Sequence[Write]) -> None:
        """Raise ResourceExhaustedError when none are left of the units that these would take."""
        if self.quota is None or not writes:
            return
        deletes = sum(isinstance(write, Delete) for write in writes)
        used = self.used
        if (deletes and used.deletes >= self.quota.deletes) or (
            len(writes) > deletes and used.writes >= self.quota.writes
        ):
            raise ResourceExhaustedError(EXHAUSTED)


def _next_midnight(unix: float) -> float:
    """Firestore docs, "Usage and limits": around midnight Pacific time."""
    here = datetime.fromtimestamp(unix, UTC).astimezone(ZoneInfo("America/Los_Angeles"))
    tomorrow = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return tomorrow.timestamp()
