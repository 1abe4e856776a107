"""Deliveries (one HTTP request of the world to the bot) and invocations (the bot's handling of
one).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from emulator.exchange import Outcome, Reply, Request

if TYPE_CHECKING:
    from emulator.call import Call
    from emulator.step import Step

DeliveryKind = Literal["user", "redelivery", "queue", "trigger", "echo", "probe"]


@dataclass(slots=True, eq=False)
class Delivery:
    """One HTTP request that the world owes the bot.

    `name` is the causal path: `u0.w1` is the second copy of user message u0's webhook, `u0.w1.q0`
    the first publish made by its invocation, `u0.w1.q0.h0` a request of that one to the bot's own
    address, `u0.w0'` a redelivery. `build` makes the request when it is sent, because signatures
    carry the time of sending. `timeout_s` is how long the sender waits; `on_outcome` is told once,
    with the response or the failure. `routes` are the paths of its ancestors, oldest first.
    """

    name: str
    kind: DeliveryKind
    due: float
    build: Callable[[], Request]
    on_outcome: Callable[[Outcome], None]
    timeout_s: float
    roots: tuple[str, ...] = ()
    generation: int = 0
    cause: int = -1
    routes: tuple[str, ...] = ()
    on_start: Callable[[], None] | None = None


@dataclass(slots=True, eq=False)
class Invocation:
    """The bot's handling of one delivery, on one instance, from request to response.

    It is `open` until then. `thawed` is when the application call, frozen at its response, was let
    go on; it is `lingering` when that call was not over at that very moment: it had more to do.
    """

    delivery: Delivery
    request: Request
    instance: str
    entry: int
    started: float
    open: bool = True
    thawed: float | None = None
    lingering: bool = False
    reply: Reply | None = None
    calls: int = 0
    parked: "list[Call]" = field(default_factory=list)
    timer: "Step | None" = field(default=None, repr=False)
    _children: dict[str, int] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return self.delivery.name

    @property
    def roots(self) -> tuple[str, ...]:
        return self.delivery.roots

    @property
    def generation(self) -> int:
        return self.delivery.generation

    @property
    def routes(self) -> tuple[str, ...]:
        """Paths visited on the way here, this invocation's own included."""
        return (*self.delivery.routes, self.request.raw_path)

    def child(self, kind: str) -> str:
        """The causal name of the next thing this invocation makes: kind `q` publish, `h` self-post,
        `e` echo.
        """
        number = self._children.get(kind, 0)
        self._children[kind] = number + 1
        return f"{self.name}.{kind}{number}"


def retry_name(name: str, retried: int) -> str:
    """The name of a further attempt: `u0.w0'`, `u0.w0''`, then `u0.w0'3`."""
    return name + ("'" * retried if retried <= 2 else f"'{retried}")
