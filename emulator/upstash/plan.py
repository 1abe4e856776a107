"""What a plan allows, and the count of commands that it is held against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of a plan; None where it has none.

    A command is refused once `commands_per_month` were done in a month, or when it is larger than
    `request_bytes` with everything that was sent with it.
    """

    name: str
    commands_per_month: int | None
    request_bytes: int = 10 * MIB


# Upstash docs, "Redis pricing". What is stored, what is sent in a month, and commands in a second
# are not held against them here.
PLANS: Mapping[str, Plan] = {
    "free": Plan("free", 500_000),
    "payg": Plan("payg", None),
}

MAX_KEY_BYTES = 32 * 1024  # Upstash docs, "ERR max key size exceeded"

# As users report it: over Redis's own protocol, the only one in which it was seen.
_OVER_LIMIT = (
    "ERR max requests limit exceeded. Limit: {limit}, Usage: {limit}. See "
    "https://upstash.com/docs/redis/troubleshooting/max_requests_limit for details"
)
KEY_TOO_LARGE = "ERR max key size exceeded"
REQUEST_TOO_LARGE = "ERR max request size exceeded"


class Meter:
    """Counts commands by the month of the calendar (UTC; assumed, the docs only say monthly)."""

    def __init__(self, unix: Callable[[], float], plan: Plan) -> None:
        self.plan = plan
        self._unix = unix
        self._month = ""
        self._used = 0
        self.total = 0

    @property
    def used(self) -> int:
        """Commands of this month; set it to begin anywhere."""
        self._turn()
        return self._used

    @used.setter
    def used(self, used: int) -> None:
        self._turn()
        self._used = used

    @property
    def left(self) -> int | None:
        """Commands that may still be done this month; None when there is no limit."""
        limit = self.plan.commands_per_month
        return None if limit is None else max(0, limit - self.used)

    def count(self) -> str:
        """Count a command; returns the error of one that is too much, which is not counted."""
        if self.left == 0:
            return _OVER_LIMIT.format(limit=self.plan.commands_per_month)
        self._used += 1
        self.total += 1
        return ""

    def covers(self, commands: int) -> str:
        """The error when so many commands at once would be too much; else empty."""
        left = self.left
        if left is not None and left < commands:
            return _OVER_LIMIT.format(limit=self.plan.commands_per_month)
        return ""

    def _turn(self) -> None:
        month = datetime.fromtimestamp(self._unix(), UTC).strftime("%Y-%m")
        if month != self._month:
            self._month = month
            self._used = 0
