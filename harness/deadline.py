"""When a search has to end, by the real clock."""

import time
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Deadline:
    """Tells, when called, whether it has passed; in any process of this machine.

    `at` is on the clock of `Deadline.now`, None never comes.
    """

    # Held by the class: names of modules give a simulated bot's time while that runs.
    now: ClassVar = staticmethod(time.perf_counter)

    at: float | None = None

    @classmethod
    def after(cls, seconds: float | None) -> "Deadline":
        """So many seconds from now on; None is never."""
        return cls(None if seconds is None else cls.now() + seconds)

    def __call__(self) -> bool:
        return self.at is not None and self.now() >= self.at
