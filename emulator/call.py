"""A request that the bot makes to one of the fakes, while it is parked at the gate."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.exchange import Blocked, Outcome, Request, Slow

if TYPE_CHECKING:
    from emulator.delivery import Invocation
    from emulator.step import Step


@dataclass(frozen=True, slots=True)
class Access:
    """What a call touches, so that independence of two calls is decidable.

    `verb` names the operation for people (`publish`, `commit`); keys are `service:resource`.
    """

    verb: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Call:
    """One parked request.

    `name` is `<invocation>#<ordinal>`; `timeout_s` is the client's own limit, None when it would
    wait for ever. A `late` call arrived after the response of its invocation had been sent, or was
    still parked then; a `withheld` one is not answered, at least not before its instance runs
    again.
    """

    name: str
    invocation: "Invocation"
    request: Request
    service: str
    access: Access
    arrived: float
    timeout_s: float | None
    deliver_outcome: Callable[[Outcome], None]
    entry: int = -1
    late: bool = False
    withheld: bool = False
    background: bool = False
    answered: bool = False
    # Applied, and the answer is still on its way: it must not be applied again.
    slow: Slow | None = None
    # It has reached the service and waits there, whatever becomes of its instance.
    blocked: Blocked | None = None
    step: "Step | None" = field(default=None, repr=False)
    timer: "Step | None" = field(default=None, repr=False)

    @property
    def routes(self) -> tuple[str, ...]:
        """Paths visited on the way here. Work that was started with the instance has none: it only
        happens to run now.
        """
        return () if self.background else self.invocation.routes

    @property
    def roots(self) -> tuple[str, ...]:
        return self.invocation.roots
