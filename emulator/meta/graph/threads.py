"""The latest messages of one account's conversations, as `/{page-id}/conversations` shows them."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

# Of all conversations together: what is older is not shown.
KEEP_LINES = 1_000
SHOWN_MESSAGES = 25  # of one conversation, as of any edge without a `limit`; Graph API docs


@dataclass(frozen=True, slots=True)
class Line:
    """One message: `person` is the one whose conversation it is in, `at` seconds of the clock."""

    person: str
    mid: str
    text: str
    at: float
    by_account: bool = False


class Threads:
    """What was written last, by either side."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=KEEP_LINES)

    def wrote(self, person: str, mid: str, text: str, *, at: float) -> None:
        """A person has written."""
        self._lines.append(Line(person, mid, text, at))

    def answered(self, person: str, mid: str, text: str, *, at: float) -> None:
        """The account has written to a person."""
        self._lines.append(Line(person, mid, text, at, by_account=True))

    def find(self, mid: str) -> Line | None:
        return next((line for line in self._lines if line.mid == mid), None)

    def conversations(self, limit: int = SHOWN_MESSAGES) -> dict[str, Sequence[Line]]:
        """The latest messages of each person, so many at most and newest first; of those people who
        have any."""
        found: dict[str, list[Line]] = {}
        for line in reversed(self._lines):
            lines = found.setdefault(line.person, [])
            if len(lines) < max(1, limit):
                lines.append(line)
        return dict(found)
