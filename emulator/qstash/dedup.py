"""The window within which a deduplication key swallows further publishes."""

from collections import deque

DEDUP_WINDOW_S = 600.0  # QStash docs, "Deduplication": ten minutes, counted from the first publish


class DedupWindow:
    """Keys and the message that took each first.

    Expired keys go when a later one is looked up, in flat cost.
    """

    __slots__ = ("_by_age", "_first", "window_s")

    def __init__(self, window_s: float = DEDUP_WINDOW_S) -> None:
        self.window_s = window_s
        self._first: dict[str, str] = {}
        self._by_age: deque[tuple[float, str]] = deque()

    def __len__(self) -> int:
        """Keys in memory."""
        return len(self._first)

    def find(self, key: str, now: float) -> str | None:
        """The id of the message that holds this key at `now` (clock seconds), if any does."""
        while self._by_age and now - self._by_age[0][0] >= self.window_s:
            del self._first[self._by_age.popleft()[1]]
        return self._first.get(key)

    def hold(self, key: str, message_id: str, now: float) -> None:
        """Give a free key to a message. Times must not go back."""
        self._first[key] = message_id
        self._by_age.append((now, key))
