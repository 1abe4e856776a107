"""Messages by id: those under way, and for a while those that ended."""

from collections import deque
from collections.abc import Iterator

from emulator.errors import EmulatorBug
from emulator.qstash.message import Message

# The docs promise only that finished messages vanish shortly after; the vendor's SDK tests still
# read them at once.
FINISHED_READABLE_S = 10.0


class Roster:
    """All messages under way, and at most `keep_ended` that ended at most `keep_s` seconds ago.

    Times are seconds of the world's clock.
    """

    __slots__ = ("_by_age", "_ended", "_under_way", "keep_ended", "keep_s")

    def __init__(self, *, keep_s: float, keep_ended: int) -> None:
        self.keep_s = keep_s
        self.keep_ended = keep_ended
        self._under_way: dict[str, Message] = {}
        self._ended: dict[str, Message] = {}
        self._by_age: deque[tuple[float, str]] = deque()

    def __len__(self) -> int:
        """Messages in memory."""
        return len(self._under_way) + len(self._ended)

    def add(self, message: Message) -> None:
        """Take in a new message; raises EmulatorBug when its name, hence its id, is not new."""
        if message.id in self._under_way or message.id in self._ended:
            raise EmulatorBug(f"two messages have the name {message.name}")
        self._under_way[message.id] = message

    def end(self, message: Message, now: float) -> None:
        """The message has come to its end."""
        message.ended_at = now
        del self._under_way[message.id]
        self._ended[message.id] = message
        self._by_age.append((now, message.id))
        while len(self._by_age) > self.keep_ended or now - self._by_age[0][0] > self.keep_s:
            del self._ended[self._by_age.popleft()[1]]

    def under_way(self) -> Iterator[Message]:
        """The messages that have not ended, oldest first."""
        return iter(self._under_way.values())

    def find(self, message_id: str, now: float) -> Message | None:
        """The message as the service still shows it: under way, or ended a moment ago."""
        message = self.recall(message_id)
        if message is None or message.ended_at is None:
            return message
        return message if now - message.ended_at <= FINISHED_READABLE_S else None

    def recall(self, message_id: str) -> Message | None:
        """The message, also when the service no longer shows it."""
        return self._under_way.get(message_id) or self._ended.get(message_id)
