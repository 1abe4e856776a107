"""What is modelled: how often the platform delivers, how often the queue tries, what the bot's
burst marker is worth, and where the count stops.
"""

from dataclasses import dataclass
from typing import Literal

from emulator.chance import Chance

# What the incident's bot was: three copies of each webhook, and a callback after ten seconds.
COPIES = 3
DELAY_S = 10.0
LATENCY_S = 0.001  # of every call to the store, the queue and the bot's own webhook
HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One reading of what happened.

    `triggers` is how many webhooks one trigger of the callback becomes. The callback fails on its
    first `attempts - 1` attempts, or with the chance `failure` on each; the queue tries again at
    once. The marker is read and then written (`racy`), created in one step (`atomic`), or there is
    none and each mid is claimed once, without callback and trigger (`safe`). It `clears` when a
    trigger was handled. Triggers of generation `levels` are not sent, and nothing happens after
    `horizon_s`.
    """

    triggers: int = 1
    attempts: int = 1
    failure: float = 0.0
    marker: Literal["racy", "atomic", "safe"] = "racy"
    clears: bool = True
    levels: int | None = None
    horizon_s: float | None = None
    copies: int = COPIES
    delay_s: float = DELAY_S
    latency_s: float = LATENCY_S

    def fails(self, chance: Chance, name: str, retried: int) -> bool:
        """Whether an attempt at the callback `name` fails, after so many retries."""
        if self.failure:
            return chance.fraction(f"incident/{name}/{retried}") < self.failure
        return retried < self.attempts - 1


@dataclass(slots=True)
class Tally:
    """What happened: counts of all user messages together.

    `levels` are the deliveries by the queue in each generation, from the first on; a generation is
    one publish, a trigger does not add one. `invocations` are requests that the bot handled,
    `rejected` those of them that it answered with 4xx. `quiet` says that nothing was left to
    happen, `virtual_s` when the last delivery began.
    """

    messages: int = 0
    publishes: int = 0
    invocations: int = 0
    rejected: int = 0
    levels: tuple[int, ...] = ()
    quiet: bool = True
    virtual_s: float = 0.0

    @property
    def deliveries(self) -> int:
        return sum(self.levels)

    def times(self, messages: int) -> "Tally":
        """The counts of so many user messages that are all like this one."""
        return Tally(
            messages=self.messages * messages,
            publishes=self.publishes * messages,
            invocations=self.invocations * messages,
            rejected=self.rejected * messages,
            levels=tuple(count * messages for count in self.levels),
            quiet=self.quiet,
            virtual_s=self.virtual_s,
        )

    def __add__(self, other: "Tally") -> "Tally":
        """The counts of independent user messages together, in worlds that began at one time."""
        longer, shorter = sorted((self.levels, other.levels), key=len, reverse=True)
        padded = shorter + (0,) * (len(longer) - len(shorter))
        return Tally(
            messages=self.messages + other.messages,
            publishes=self.publishes + other.publishes,
            invocations=self.invocations + other.invocations,
            rejected=self.rejected + other.rejected,
            levels=tuple(a + b for a, b in zip(longer, padded, strict=True)),
            quiet=self.quiet and other.quiet,
            virtual_s=max(self.virtual_s, other.virtual_s),
        )
