"""One notification: whom it is about, what it is made of, and which of that was taken."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from emulator.delivery import DeliveryKind
from emulator.meta.delivery.product import Product

# Makes the body of a notification of some items, an entry each, given the time of the sending in
# unix milliseconds.
Join = Callable[[Sequence[object], int], bytes]

PARTS_LIMIT = 1_000  # updates in one notification; Graph API docs, "Webhooks / Get started"


class Part(NamedTuple):
    """What can travel without the rest of its notification: an item, as `join` understands it."""

    roots: tuple[str, ...]
    body: object


@dataclass(slots=True, eq=False)
class Webhook:
    """One notification, however often it is sent. The courier keeps it only while a copy of it is
    under way.

    `render` makes the body, given the time of the sending in unix milliseconds. `cause` is the
    journal entry of the event; `kind`, `generation` and `routes` are those of its deliveries. The
    courier's product is taken when there is no `product`. With `parts` and `join` it can be sent in
    another grouping: apart, or in one request with others whose `join` is the same.

    `copies` counts all that were asked for so far, `under_way` those of which there may be another
    attempt. It is `taken` once every part of it was. `dropped` is why a copy of it was, the last
    that was.
    """

    name: str
    roots: tuple[str, ...]
    cause: int
    render: Callable[[int], bytes]
    kind: DeliveryKind = "user"
    generation: int = 0
    routes: tuple[str, ...] = ()
    copies: int = 0
    under_way: int = 0
    taken: bool = False
    product: Product | None = None
    parts: tuple[Part, ...] = ()
    join: Join | None = None
    first_ms: int | None = None
    dropped: str = ""
    # The places of those that were, while others were not.
    _taken_parts: frozenset[int] = frozenset()

    def take(self, parts: Iterable[int] | None = None) -> None:
        """These parts were taken, given by their places; all when None."""
        if parts is not None and not self.taken:
            self._taken_parts = self._taken_parts.union(parts)
        if parts is None or len(self._taken_parts) == len(self.parts):
            self.taken = True
            self._taken_parts = frozenset()

    def untaken(self) -> tuple[str, ...]:
        """The user messages of which nothing was taken."""
        if self.taken:
            return ()
        if not self._taken_parts:
            return self.roots
        lost = [part for place, part in enumerate(self.parts) if place not in self._taken_parts]
        return tuple(dict.fromkeys(root for part in lost for root in part.roots))

    def goes_with(self, other: "Webhook") -> bool:
        """Whether the items of both can share a request."""
        return (
            self.join is not None
            and self.join == other.join
            and self.product == other.product
            and self.kind == other.kind
            and self.generation == other.generation
        )
