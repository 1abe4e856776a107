"""Cancelling many messages at once, and the record of it that the hosted service keeps."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from emulator.qstash.engine import Engine
from emulator.qstash.message import Message

# Actions that can still be looked up; more are forgotten, oldest first.
KEEP_ACTIONS = 1_000


@dataclass(frozen=True, slots=True)
class BulkAction:
    """A cancelling by filter that is over. Times are Unix milliseconds."""

    id: str
    total: int
    created_ms: int
    filters: Mapping[str, Sequence[str]]


class BulkActions:
    """The cancelled and the cancelling of one account."""

    __slots__ = ("_actions", "_engine", "_made")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._actions: OrderedDict[str, BulkAction] = OrderedDict()
        self._made = 0

    def cancel_ids(self, message_ids: Iterable[str]) -> int:
        """Cancel these messages; returns how many there were.

        Ids of none are no error, and what is being cancelled already does not count again.
        """
        cancelled = 0
        for message_id in message_ids:
            message = self._engine.find(message_id)
            if message is not None and not message.cancel_requested:
                cancelled += self._engine.cancel(message_id)
        return cancelled

    def cancel(self, matches: Callable[[Message], bool], most: int | None) -> int:
        """Cancel what matches, oldest first; returns how many there were."""
        found: list[str] = []
        for message in self._engine.under_way():
            if most is not None and len(found) >= most:
                break
            if matches(message) and not message.cancel_requested:
                found.append(message.id)
        return self.cancel_ids(found)

    def record(self, total: int, filters: Mapping[str, Sequence[str]]) -> BulkAction:
        """Keep an action that was done."""
        action = BulkAction(f"bulk_{self._made}", total, self._engine.now_ms, filters)
        self._made += 1
        self._actions[action.id] = action
        if len(self._actions) > KEEP_ACTIONS:
            self._actions.popitem(last=False)
        return action

    def find(self, action_id: str) -> BulkAction | None:
        return self._actions.get(action_id)

    def all(self) -> list[BulkAction]:
        return list(self._actions.values())
