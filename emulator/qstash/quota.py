"""How much an account has used: messages of a day, requests of a second, and what a run costs."""

import math
from dataclasses import dataclass

from emulator.clock import DAY_S
from emulator.qstash.plan import Plan
from emulator.qstash.refusal import Refused


@dataclass(frozen=True, slots=True)
class Cost:
    """What was used, in messages as they are billed.

    `attempts` is the rule of the newer pricing page, by which each delivery attempt counts;
    `messages` that of the older one, by which retries are free. Callbacks count in both.
    """

    attempts: int
    messages: int


class Quota:
    """Counts against the plan, per UTC day and per second; moments are Unix seconds."""

    __slots__ = ("_burst", "_day", "_plan", "_second", "_used")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._day = -1
        self._used = 0
        self._second = -1
        self._burst = 0

    def charge(self, messages: int, unix: float) -> None:
        """Count messages; raises Refused (429) when the day has no room for all of them."""
        self.check(messages, unix)
        self._used += messages

    def check(self, messages: int, unix: float) -> None:
        """Raise Refused (429) when the day has no room for so many messages."""
        most = self._plan.max_messages_per_day
        if most is None:
            return
        day = math.floor(unix / DAY_S)
        if day != self._day:
            self._day, self._used = day, 0
        if self._used + messages > most:
            reset = round((day + 1) * DAY_S)
            raise _too_many("RateLimit", "maxRequestsPerDay", most, most - self._used, reset)

    def knock(self, unix: float) -> None:
        """Count a request that reads or manages; raises Refused (429) when there are too many."""
        most = self._plan.max_requests_per_second
        if most is None:
            return
        second = math.floor(unix)
        if second != self._second:
            self._second, self._burst = second, 0
        if self._burst >= most:
            raise _too_many("Burst-RateLimit", "maxRequestsPerSecond", most, 0, second + 1)
        self._burst += 1


def _too_many(header: str, name: str, limit: int, remaining: int, reset: int) -> Refused:
    # Both vendor SDKs tell the two limits apart by these headers alone.
    return Refused(
        429,
        f"quota {name} exceeded, current limit: {limit}",
        (
            (f"{header}-Limit", str(limit)),
            (f"{header}-Remaining", str(remaining)),
            (f"{header}-Reset", str(reset)),
        ),
    )
