"""How the platform's products deliver: what they take for an acknowledgement, how long they wait,
when they try again, and what becomes of what is never taken. As data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, Self, get_args

from emulator.clock import WEEK_S
from emulator.errors import ScenarioError

ProductName = Literal["messenger", "instagram", "whatsapp", "generic"]

# Which statuses are an acknowledgement: any 2xx, or 200 and no other.
Acknowledgement = Literal["2xx", "200"]

# What happens to an app that takes nothing for `give_up_after_s`: its subscription to the account
# ends, or only the notification is dropped.
GiveUp = Literal["disable", "drop"]

ACK_TIMEOUT_S = 20.0  # Messenger docs, FAQ: the webhook has 20 seconds to answer
SLOW_ACK_S = 5.0  # Messenger docs, "Meta Webhooks for Messenger Platform": 5 seconds or less

# "Meta Webhooks for Messenger Platform": the developer is alerted after 15 minutes of failure, and
# the webhook is disabled after an hour.
ALERT_AFTER_S = 15 * 60.0
GIVE_UP_AFTER_S = 60 * 60.0
# The older reference of these webhooks (2017): the app is unsubscribed after 8 hours.
OLDER_GIVE_UP_AFTER_S = 8 * 3600.0

# Graph API docs, "Webhooks / Get started": dropped after 36 hours, with decreasing frequency.
GENERIC_GIVE_UP_AFTER_S = 36 * 3600.0
# WhatsApp docs, "Webhooks": retried with decreasing frequency for up to 7 days.
WHATSAPP_GIVE_UP_AFTER_S = WEEK_S

# Of the intervals "Meta Webhooks for Messenger Platform" only says "immediately, a few more times".
# These are seconds after the first attempt failed: a quick burst, every 5 minutes up to the alert,
# every 10 minutes from there until it is given up. An attempt that is unanswered when the next is
# due delays that one; they never overlap.
_BURST_S = (0.0, 2.0, 10.0, 30.0, 60.0)
REDELIVERY_S: tuple[float, ...] = (
    *_BURST_S,
    *(minutes * 60.0 for minutes in (5, 10, 15)),
    *(minutes * 60.0 for minutes in (25, 35, 45, 55)),
)


def doubling(first_s: float, *, cap_s: float, until_s: float) -> tuple[float, ...]:
    """Times of attempts, in seconds after the first failure: each interval twice the one before, up
    to `cap_s`; all before `until_s`.
    """
    times: list[float] = []
    interval, due = first_s, first_s
    while due < until_s:
        times.append(due)
        interval = min(2 * interval, cap_s)
        due += interval
    return tuple(times)


@dataclass(frozen=True, slots=True)
class Product:
    """The rules for one kind of webhook; times in seconds.

    An attempt is cut after `timeout_s`; an acknowledgement later than `slow_ack_s` counts and is
    flagged. `redelivery_s` are the times of further attempts, counted from when the first one
    failed. The developer is alerted once nothing was taken for `alert_after_s` (None: never).
    """

    name: ProductName
    redelivery_s: Sequence[float]
    give_up_after_s: float
    give_up: GiveUp
    acknowledgement: Acknowledgement = "2xx"
    timeout_s: float = ACK_TIMEOUT_S
    slow_ack_s: float = SLOW_ACK_S
    alert_after_s: float | None = None

    def __post_init__(self) -> None:
        """Raises ScenarioError for times that are no schedule, and for unknown names."""
        for what, value, kinds in (
            ("name", self.name, ProductName),
            ("acknowledgement", self.acknowledgement, Acknowledgement),
            ("give_up", self.give_up, GiveUp),
        ):
            if value not in get_args(kinds):
                known = ", ".join(get_args(kinds))
                raise ScenarioError(f"{what} must be one of {known}, not {value}")
        for what, seconds in (
            ("timeout_s", self.timeout_s),
            ("slow_ack_s", self.slow_ack_s),
            ("give_up_after_s", self.give_up_after_s),
        ):
            if not 0 < seconds < float("inf"):
                raise ScenarioError(f"{what} has to be a number of seconds, not {seconds:g}")
        times = tuple(self.redelivery_s)
        bounds = (0.0, *times, self.give_up_after_s)
        if not all(sooner <= later for sooner, later in pairwise(bounds)):
            raise ScenarioError(
                f"redelivery_s has to rise from 0 to at most {self.give_up_after_s:g} s"
            )
        object.__setattr__(self, "redelivery_s", times)

    def takes(self, status: int) -> bool:
        """Whether an answer of this status is an acknowledgement. Redirects are not followed."""
        return status == 200 or (self.acknowledgement == "2xx" and 200 <= status < 300)

    def waiting(self, timeout_s: float) -> Self:
        """The same, but an attempt is cut after `timeout_s`."""
        return self if timeout_s == self.timeout_s else replace(self, timeout_s=timeout_s)

    def strict(self) -> Self:
        """The same, but an attempt is cut when its acknowledgement would be late."""
        return self.waiting(self.slow_ack_s)


MESSENGER = Product(
    "messenger", REDELIVERY_S, GIVE_UP_AFTER_S, "disable", alert_after_s=ALERT_AFTER_S
)
# As they were described in 2017; that the attempts went on every 10 minutes is assumed.
OLDER_MESSENGER = replace(
    MESSENGER,
    redelivery_s=(*REDELIVERY_S, *(minutes * 60.0 for minutes in range(65, 480, 10))),
    give_up_after_s=OLDER_GIVE_UP_AFTER_S,
)
# The 20 seconds are in Messenger's pages only; of Instagram the 5 are the one limit that is named.
INSTAGRAM = replace(MESSENGER, name="instagram", timeout_s=SLOW_ACK_S)
# "Webhooks / Get started" names no time limit; Messenger's is assumed, and the intervals behind the
# immediate one are.
GENERIC = Product(
    "generic",
    (0.0, *doubling(60.0, cap_s=6 * 3600.0, until_s=GENERIC_GIVE_UP_AFTER_S)),
    GENERIC_GIVE_UP_AFTER_S,
    "drop",
)
# WhatsApp docs, "Webhooks": any status but 200 is retried. No time limit is given: the one of
# Messenger is assumed, and so are the intervals.
WHATSAPP = Product(
    "whatsapp",
    doubling(60.0, cap_s=12 * 3600.0, until_s=WHATSAPP_GIVE_UP_AFTER_S),
    WHATSAPP_GIVE_UP_AFTER_S,
    "drop",
    acknowledgement="200",
)

PRODUCTS: Mapping[ProductName, Product] = {
    product.name: product for product in (MESSENGER, INSTAGRAM, WHATSAPP, GENERIC)
}
