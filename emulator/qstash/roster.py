"""Messages by id: those under way, and for a while those that ended."""

from collections import deque

from emulator.errors import EmulatorBug
from emulator.qstash.message import Message

# The docs promise only that finished messages vanish shortly after; the vendor's SDK tests still
# read them at once.
FINISHED_READABLE_S = 10.0


class Roster:
    """All messages under way, and at most `keep_ended` that ended at most `keep_s` seconds ago.

    Times are seconds of the world's clock.
    """

    __slots__ = ("_ended", "_messages", "keep_ended", "keep_s")

    def __init__(self, *, keep_s: float, keep_ended: int) -> None:
        self.keep_s = keep_s
        self.keep_ended = keep_ended
        self._messages: dict[str, Message] = {}
        self._ended: deque[tuple[float, str]] = deque()

    def __len__(self) -> int:
        """Messages in memory."""
        return len(self._messages)

    def add(self, message: Message) -> None:
        """Take in a new message; raises EmulatorBug when its name, hence its id, is not new."""
        if message.id in self._messages:
            raise EmulatorBug(f"two messages have the name {message.name}")
        self._messages[message.id] = message

    def end(self, message: Message, now: float) -> None:
        """The message has come to its end."""
        message.ended_at = now
        self._ended.append((now, message.id))
        while len(self._ended) > self.keep_ended or now - self._ended[0][0] > self.keep_s:
            del self._messages[self._ended.popleft()[1]]

    def find(self, message_id: str, now: float) -> Message | None:
        """The message as the service still shows it: under way, or ended a moment ago."""
        message = self._messages.get(message_id)
        if message is None or message.ended_at is None:
            return message
        return message if now - message.ended_at <= FINISHED_READABLE_S else None

    def recall(self, message_id: str) -> Message | None:
        """The message, also when the service no longer shows it."""
        return self._messages.get(message_id)
