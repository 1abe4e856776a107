"""The circuit breaker as arithmetic: how many publishes there were lately, and when the messages
that it holds are answered. It stores nothing and knows no clock.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reference_bot.firestore import Document, StoreError, Write

COUNTS_PATH = "breaker/publishes"

# A claim is counted when it is committed and may be published for CLAIM_LASTS_S (`claims.py`) and
# the length of a webhook after that; clocks differ. Publishes within an hour were therefore claimed
# within this time.
WINDOW_S = 3_600.0 + 120.0
# Only what is surely over is forgotten, also by a clock that is ahead.
FORGET_S = WINDOW_S + 600.0

# Messages that are held at about the same time share one queue message, the release, by its
# deduplication id. All who publish it do so within this time, well inside the ten minutes in which
# the queue recognizes it (QStash docs, "Deduplication").
RELEASE_EVERY_S = 480
# The release comes this much after the last message it is for was held, whatever the clocks say.
RELEASE_MARGIN_S = 30
# An hour touches at most nine periods of eight minutes: so many of the publishes are kept for them.
RELEASES_PER_HOUR = 9
LEAST_PUBLISHES = RELEASES_PER_HOUR + 1


@dataclass(frozen=True, slots=True)
class Counts:
    """The claims of each minute (unix minutes), and of all time, as the store had them."""

    minutes: Mapping[int, int]
    total: int

    def within(self, now: float) -> int:
        """How many claims the window up to now (unix seconds) holds.

        Minutes are counted whole, so it is rather too many than too few.
        """
        first = _minute(now - WINDOW_S)
        return sum(count for minute, count in self.minutes.items() if minute >= first)

    def one_more(self, now: float) -> Write:
        """The write that counts a claim, and forgets minutes long past.

        It carries no condition, so that claims of different users never conflict.
        """
        over = _minute(now - FORGET_S)
        return Write(
            path=COUNTS_PATH,
            fields={},
            merge=True,
            drop=tuple(_field(minute) for minute in self.minutes if minute < over),
            increments={_field(_minute(now)): 1, "total": 1},
        )

    def after(self, now: float, values: Sequence[Any]) -> int:
        """How many claims the window held right after that write, our own among them; `values` is
        what its increments gave.

        What others counted since these counts were read shows in the total. Of claims that race for
        the last place, each therefore sees a different number. Raises StoreError.
        """
        try:
            return self.within(now) + int(values[1]) - self.total
        except (IndexError, TypeError, ValueError) as error:
            raise StoreError(f"the store did not say what it counted: {error!r}") from error


@dataclass(frozen=True, slots=True)
class Release:
    """The queue message that answers what is held now: its deduplication id, and when it is due
    (unix seconds).
    """

    key: str
    due: float


def read_counts(document: Document | None) -> Counts:
    """The counts in their document, all zero when there is none."""
    fields = {} if document is None else document.fields
    minutes = {
        int(name[1:]): count
        for name, count in fields.items()
        if name[:1] == "m" and name[1:].isdecimal() and isinstance(count, int)
    }
    total = fields.get("total", 0)
    return Counts(minutes, total if isinstance(total, int) else 0)


def next_release(now: float) -> Release:
    """The release of a message that is in the store as held now (unix seconds)."""
    period = math.floor(now / RELEASE_EVERY_S) + 1
    return Release(f"release-{period}", float(period * RELEASE_EVERY_S + RELEASE_MARGIN_S))


def _minute(moment: float) -> int:
    return math.floor(moment / 60)


def _field(minute: int) -> str:
    return f"m{minute}"
