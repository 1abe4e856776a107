"""What goes wrong with notifications on demand: late, doubled, come again, in another company, or
with an answer that the platform never gets.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from emulator.errors import ScenarioError

# How an attempt ends, whatever the bot answers: it gets the request and its answer is not there
# when the platform's patience is over, or the connection is cut when it answers, or there is no
# connection at all.
Failing = Literal["hang", "cut", "refused"]


@dataclass(frozen=True, slots=True)
class Disturbance:
    """How notifications come, in what at-least-once delivery in no order allows.

    late_s: so much later than they are due.
    spread_s: and by up to so much more, drawn from the seed, so that they overtake each other.
    fails: so many attempts of each copy end as `failing` says, the first ones.
    again: each comes so often again at the times of the redelivery schedule, though it was taken.
        On WhatsApp that is what happens when another app of the account does not take it.
    doubled: the first attempt has each item twice in one request.
    with_previous: the first attempt has the items of the notification before it as well.
    same_time: all attempts carry the time of the first one, so that they are the same bytes.
    """

    late_s: float = 0.0
    spread_s: float = 0.0
    fails: int = 0
    failing: Failing = "cut"
    again: int = 0
    doubled: bool = False
    with_previous: bool = False
    same_time: bool = False

    def __post_init__(self) -> None:
        for name in ("late_s", "spread_s"):
            seconds = getattr(self, name)
            if not 0 <= seconds < float("inf"):
                raise ScenarioError(f"{name} has to be a number of seconds, not {seconds:g}")
        for name in ("fails", "again"):
            if getattr(self, name) < 0:
                raise ScenarioError(f"{name} can't be negative, as {getattr(self, name)} is")
        if self.failing not in get_args(Failing):
            known = ", ".join(get_args(Failing))
            raise ScenarioError(f"failing must be one of {known}, not {self.failing}")


NO_DISTURBANCE = Disturbance()
