"""Notifications that wait until the one before them was taken: head-of-line blocking."""

from collections import OrderedDict
from collections.abc import Sequence

from emulator.meta.delivery.copies import Copy
from emulator.meta.delivery.webhook import Webhook

# Copies of one notification, each with the seconds between their release and its first attempt.
Batch = Sequence[tuple[Copy, float]]


class Line:
    """The notifications of one app about one account, in the order of their events.

    The first one goes; the next does when it was taken, or nothing more will be sent of it. Holds
    as many as happen while the first one is tried: what becomes of that is decided within the time
    after which its product gives up.
    """

    def __init__(self) -> None:
        self._head: Webhook | None = None
        self._waiting: OrderedDict[Webhook, list[tuple[Copy, float]]] = OrderedDict()
        self._is_moving = False

    def __len__(self) -> int:
        """How many wait, without the one that is being sent."""
        return len(self._waiting)

    def __contains__(self, webhook: Webhook) -> bool:
        """Whether a notification waits."""
        return webhook in self._waiting

    def enter(self, webhook: Webhook, batch: Batch, *, now: float) -> None:
        """Have the copies sent once all that came before is settled, perhaps now; with those of the
        same notification that wait already.
        """
        self._waiting.setdefault(webhook, []).extend(batch)
        self._move(now)

    def settle(self, webhook: Webhook, *, now: float) -> None:
        """The notification was taken, or is over."""
        if webhook is self._head:
            self._head = None
            self._move(now)

    def copies(self) -> list[Copy]:
        """Of all that wait."""
        return [copy for batch in self._waiting.values() for copy, _ in batch]

    def clear(self) -> list[Copy]:
        """Forget all that wait, and return their copies."""
        gone = self.copies()
        self._waiting.clear()
        return gone

    def _move(self, now: float) -> None:
        if self._is_moving:
            return
        self._is_moving = True
        while self._head is None and self._waiting:
            head, batch = self._waiting.popitem(last=False)
            # What came along with another one and was taken keeps nobody waiting.
            self._head = None if head.taken else head
            for copy, after_s in batch:
                copy.dispatch(now + after_s)
        self._is_moving = False
