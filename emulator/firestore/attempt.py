"""One attempt at a transaction, and one wait: what is known of them while they last."""

from collections.abc import Callable
from dataclasses import dataclass, field

# Firestore docs, "Quotas and limits": a transaction lasts 270 s, and expires after 60 s of idling.
TRANSACTION_LIMIT_S = 270.0
IDLE_LIMIT_S = 60.0


def _nobody() -> None:
    """Ends a wait that nobody watches."""


@dataclass(slots=True, eq=False)
class Transaction:
    """One attempt. `age` is that of the first attempt, the smaller the older; times in seconds.

    `seen` tells of each read how to repeat it and what it gave; only kept in optimistic mode.
    """

    id: str
    database: str
    age: int
    started: float
    used: float
    locks: dict[str, None] = field(default_factory=dict)
    seen: list[tuple[Callable[[], object], object]] = field(default_factory=list)
    wait: "Wait | None" = None

    @property
    def expires(self) -> float:
        """When it ends by itself; whoever waits in it is not idle."""
        limit = self.started + TRANSACTION_LIMIT_S
        return limit if self.wait is not None else min(limit, self.used + IDLE_LIMIT_S)


@dataclass(slots=True, eq=False)
class Wait:
    """A commit that can not happen yet, because others hold locks on what it writes; or a first
    read behind such a commit.

    `on_end` is called once, when the request is to be tried again: it can happen now, is refused,
    or has to wait anew. `transaction` is None for a write outside of any, and for a read that is to
    begin one.
    """

    caller: str
    transaction: Transaction | None
    keys: tuple[str, ...]
    since: float
    is_read: bool = False
    is_over: bool = False
    on_end: Callable[[], None] = _nobody
