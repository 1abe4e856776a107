"""The queue's plans, and whether what a bot was seen to publish fits into one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

DAYS_IN_MONTH = 30

# QStash pricing page: messages in a day by the plan's name in profiles; None where there is no
# limit.
PLANS: Mapping[str, int | None] = {
    "free": 1_000,
    "pay-as-you-go": None,
    "fixed-1m": 1_000_000,
    "fixed-10m": 10_000_000,
}


# Cloud Tasks docs, "Pricing": operations in a month; what is beyond is paid for.
CLOUD_TASKS_PLANS: Mapping[str, int | None] = {"free": 1_000_000, "paid": None}

# SQS pricing page: requests in a month.
SQS_PLANS: Mapping[str, int | None] = {"free": 1_000_000, "paid": None}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a month of user messages, spread evenly, makes of a plan.

    `each` is how many messages the queue bills for one of a user; `limit` is the plan's for so many
    `days`.
    """

    messages: int
    each: float
    limit: int | None
    days: int = 1

    @property
    def per_month(self) -> float:
        return self.messages * self.each

    @property
    def per_day(self) -> float:
        return self.per_month / DAYS_IN_MONTH

    @property
    def fits(self) -> bool:
        return self.limit is None or self.per_day * self.days <= self.limit

    @property
    def used_up_on(self) -> int | None:
        """The day of the month, from 1, on which all that the plan has for a month would be gone;
        None when that does not come.
        """
        if self.limit is None or self.fits:
            return None
        return math.ceil(self.limit * DAYS_IN_MONTH / self.days / self.per_day)

    @property
    def reached_after_h(self) -> float | None:
        """After how many hours of its days the limit is reached; None when it is not."""
        if self.limit is None or self.fits:
            return None
        return 24 * self.limit / self.per_day

    @property
    def fatal_messages(self) -> int | None:
        """With so many messages of users in its days the limit is reached; None when there is no
        such number.
        """
        if self.limit is None or not self.each:
            return None
        return math.ceil(self.limit / self.each)
