"""Which message is handed out next: delays, visibility, and the order within groups.

In a FIFO queue nothing of a group is handed out while one of its messages is in flight (SQS docs,
"FIFO delivery logic"); in a standard one each message is a group by itself.
"""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from emulator.sqs.message import Message, Place

# Below this many entries nothing is swept.
_FEW = 64


@dataclass(slots=True)
class _Group:
    waiting: list[tuple[int, Message]] = field(default_factory=list)
    in_flight: int = 0


class Line:
    """The messages of one queue, each from `put` to `remove`; an operation costs O(log n).

    Held: a group is offered under the order of its first message when it has one that is visible,
    and none in flight. Whatever the heaps hold beyond that is stale, and skipped.
    """

    def __init__(self, *, grouped: bool) -> None:
        self.counts: Counter[Place] = Counter()
        self._grouped = grouped
        self._groups: dict[str, _Group] = {}
        self._offered: list[tuple[int, str]] = []
        self._hidden: list[tuple[float, int, Message]] = []
        self._pushed = 0

    def put(self, message: Message, now: float) -> None:
        """A new message, visible from its `visible_at` on."""
        key, group = self._group_of(message)
        heapq.heappush(group.waiting, (message.order, message))
        if message.visible_at > now:
            self._place(message, "delayed", new=True)
            self._hide(message)
        else:
            self._place(message, "waiting", new=True)
        self._offer(key, group)

    def take(
        self, now: float, until: float, most: int, is_fit: Callable[[Message], bool]
    ) -> list[Message]:
        """The next messages, up to `most`, which are in flight until then. Those that are not fit
        are removed instead.
        """
        self.surface(now)
        taken: list[Message] = []
        while self._offered and len(taken) < most:
            order, key = heapq.heappop(self._offered)
            group = self._groups.get(key)
            if group is None or group.in_flight or not group.waiting:
                continue
            if group.waiting[0][0] != order:
                continue
            self._take_from(group, until, most, is_fit, taken)
            self._offer(key, group)
        return taken

    def _take_from(
        self,
        group: _Group,
        until: float,
        most: int,
        is_fit: Callable[[Message], bool],
        taken: list[Message],
    ) -> None:
        while group.waiting and len(taken) < most:
            message = group.waiting[0][1]
            if message.place == "delayed":
                return
            heapq.heappop(group.waiting)
            if message.place == "gone":
                continue
            if not is_fit(message):
                self._place(message, "gone")
                continue
            self._place(message, "in flight")
            group.in_flight += 1
            message.visible_at = until
            self._hide(message)
            taken.append(message)

    def hide(self, message: Message, until: float) -> None:
        """A message that is in flight stays so until then."""
        message.visible_at = until
        self._hide(message)

    def remove(self, message: Message) -> None:
        """A message is no longer there."""
        was = message.place
        self._place(message, "gone")
        if was == "in flight":
            key, group = self._group_of(message)
            group.in_flight -= 1
            self._offer(key, group)

    def surface(self, now: float) -> None:
        """Make visible what is due."""
        while self._hidden and self._hidden[0][0] <= now:
            at, _, message = heapq.heappop(self._hidden)
            if message.visible_at != at or message.place not in ("delayed", "in flight"):
                continue
            key, group = self._group_of(message)
            if message.place == "in flight":
                group.in_flight -= 1
                heapq.heappush(group.waiting, (message.order, message))
            self._place(message, "waiting")
            self._offer(key, group)

    def next_visible(self) -> float | None:
        """When the next hidden message becomes visible (seconds of the clock), if there is one."""
        while self._hidden:
            at, _, message = self._hidden[0]
            if message.visible_at == at and message.place in ("delayed", "in flight"):
                return at
            heapq.heappop(self._hidden)
        return None

    # -- inside

    def _group_of(self, message: Message) -> tuple[str, _Group]:
        key = message.new.group if self._grouped else message.id
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group()
        return key, group

    def _offer(self, key: str, group: _Group) -> None:
        while group.waiting and group.waiting[0][1].place == "gone":
            heapq.heappop(group.waiting)
        if group.in_flight:
            return
        if not group.waiting:
            self._groups.pop(key, None)
        elif group.waiting[0][1].place == "waiting":
            heapq.heappush(self._offered, (group.waiting[0][0], key))
            self._sweep_offered()

    def _hide(self, message: Message) -> None:
        self._pushed += 1
        heapq.heappush(self._hidden, (message.visible_at, self._pushed, message))
        live = self.counts["delayed"] + self.counts["in flight"]
        # What was deleted leaves its entry behind until then, up to 12 hours.
        if len(self._hidden) > _FEW + 2 * live:
            self._hidden = [
                entry
                for entry in self._hidden
                if entry[2].visible_at == entry[0] and entry[2].place in ("delayed", "in flight")
            ]
            heapq.heapify(self._hidden)

    def _sweep_offered(self) -> None:
        if len(self._offered) > _FEW + 2 * len(self._groups):
            self._offered = sorted(set(self._offered))

    def _place(self, message: Message, place: Place, *, new: bool = False) -> None:
        if not new:
            self.counts[message.place] -= 1
        message.place = place
        if place != "gone":
            self.counts[place] += 1
