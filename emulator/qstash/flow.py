"""Flow control of one key: how many deliveries at once, and how many per period. It knows no
timers and delivers nothing.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.qstash.message import Message
    from emulator.step import Step


@dataclass(frozen=True, slots=True)
class FlowControl:
    """What a message asks for; None is no such limit, and `period_s` is in seconds."""

    key: str
    parallelism: int | None
    rate: int | None
    period_s: int = 1  # QStash docs, "Flow control": a second unless told otherwise


class Lane:
    """The messages of one key: those that wait, and how many are being delivered.

    The limits are those of the message published last, unless they are pinned. Periods follow each
    other without a gap from `period_start` on (seconds of the world's clock).
    """

    __slots__ = (
        "active",
        "key",
        "parallelism",
        "paused",
        "period_s",
        "period_start",
        "pinned_parallelism",
        "pinned_rate",
        "pumping",
        "rate",
        "started",
        "timer",
        "waiting",
    )

    def __init__(self, key: str, now: float) -> None:
        self.key = key
        self.parallelism: int | None = None
        self.rate: int | None = None
        self.period_s = 1
        self.period_start = now
        self.started = 0
        self.active = 0
        self.paused = False
        self.pinned_parallelism = False
        self.pinned_rate = False
        self.waiting: OrderedDict[str, Message] = OrderedDict()
        self.timer: Step | None = None
        self.pumping = False

    @property
    def idle(self) -> bool:
        """Whether forgetting it would change nothing but what was last configured."""
        return not (
            self.waiting
            or self.active
            or self.paused
            or self.pinned_parallelism
            or self.pinned_rate
        )

    def configure(self, flow: FlowControl, now: float) -> None:
        """Take over what a message asks for, as far as it is not pinned."""
        self.roll(now)
        if not self.pinned_parallelism:
            self.parallelism = flow.parallelism
        if not self.pinned_rate:
            self.rate = flow.rate
            self.period_s = flow.period_s

    def pin(
        self, *, parallelism: int | None, rate: int | None, period_s: int | None, now: float
    ) -> None:
        """Fix what is given; a rate or a period starts a new period (QStash REST description)."""
        if parallelism is not None:
            self.parallelism = parallelism
            self.pinned_parallelism = True
        if rate is not None or period_s is not None:
            self.rate = self.rate if rate is None else rate
            self.period_s = self.period_s if period_s is None else period_s
            self.pinned_rate = True
            self.reset_rate(now)

    def unpin(self, *, parallelism: bool, rate: bool) -> None:
        """Let messages decide again; until one does, the limits stay as they are."""
        if parallelism:
            self.pinned_parallelism = False
        if rate:
            self.pinned_rate = False

    def reset_rate(self, now: float) -> None:
        """Begin a new period, in which nothing was started."""
        self.period_start = now
        self.started = 0

    def roll(self, now: float) -> None:
        """Go on to the period of `now`."""
        if now >= self.next_period:
            periods = max(1, math.floor((now - self.period_start) / self.period_s))
            self.period_start += periods * self.period_s
            self.started = 0

    @property
    def next_period(self) -> float:
        return self.period_start + self.period_s

    @property
    def has_room(self) -> bool:
        """Whether pausing and parallelism allow one more."""
        return not self.paused and (self.parallelism is None or self.active < self.parallelism)

    @property
    def has_rate(self) -> bool:
        """Whether the rate allows one more in this period."""
        return self.rate is None or self.started < self.rate
