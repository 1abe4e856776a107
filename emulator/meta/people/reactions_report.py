"""What a bot made of every single thing that it was told: answered, left alone, answered twice,
lost after it was acknowledged. A pure function of what people did and of the journal.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from emulator.journal import Entry, Journal
from emulator.meta.dialect import Dialect
from emulator.meta.items.user_message import UserMessage

Outcome = Literal[
    "answered",
    "answered too often",
    "acknowledged and not answered",
    "not acknowledged",
    "left alone",
    "answered in stand-by",
    "answered unasked",
    "not told",
]

# What is wrong with it, for a bot that answers every message once.
WRONG: frozenset[Outcome] = frozenset(
    {
        "answered too often",
        "acknowledged and not answered",
        "not acknowledged",
        "answered in stand-by",
        "answered unasked",
    }
)

# In the causal name of a reply: what the platform told of the bot's own sends led to it.
_FEEDBACK = re.compile(r"\.([esdo])0\.w\d")
# The causal name of a request that tells of what somebody did, and not of what came of it.
_WEBHOOK = re.compile(r"\w+\.w\d+(?:'+\d*)?")


@dataclass(frozen=True, slots=True)
class Reacted:
    """One thing that somebody did. `told` counts the requests that told of it, `acknowledged` those
    that were answered as the platform wants it; `replies` the answers, `to_echoes` the replies that
    came of what the platform told of such an answer.
    """

    message: UserMessage
    told: int
    acknowledged: int
    replies: int
    to_echoes: int
    outcome: Outcome

    @property
    def is_wrong(self) -> bool:
        return self.outcome in WRONG or self.to_echoes > 0

    def __str__(self) -> str:
        message = self.message
        line = f"{message.root} {message.sender} {message.kind}: {self.outcome}"
        if self.replies > 1:
            line += f" ({self.replies} replies)"
        if self.to_echoes:
            line += f", and {self.to_echoes} more because of the bot's own messages"
        return line


@dataclass(frozen=True, slots=True)
class Report:
    """One line for each thing, in the order of the messages."""

    items: tuple[Reacted, ...]

    @property
    def wrong(self) -> tuple[Reacted, ...]:
        return tuple(item for item in self.items if item.is_wrong)

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many of each outcome."""
        return Counter(item.outcome for item in self.items)

    def __str__(self) -> str:
        return "\n".join(map(str, self.items))


def report_reactions(
    journal: Journal,
    messages: Iterable[UserMessage],
    dialect: Dialect,
    *,
    replies_each: int = 1,
) -> Report:
    """What became of these messages; a bot says `replies_each` times something to each that asks.

    Reads the journal once. A reply that may be for any of several messages counts for the one that
    has the fewest.
    """
    known = {message.root: message for message in messages}
    told: Counter[str] = Counter()
    acknowledged: Counter[str] = Counter()
    to_echoes: Counter[str] = Counter()
    own: list[Entry] = []
    for entry in journal.entries("delivery", "response", "reply"):
        if entry.kind == "reply":
            if _FEEDBACK.search(entry.name):
                to_echoes.update(entry.roots[:1])
            else:
                own.append(entry)
        elif _WEBHOOK.fullmatch(entry.name) is None:
            continue
        elif entry.kind == "delivery":
            told.update(entry.roots)
        elif _is_taken(entry.detail.get("status"), dialect):
            acknowledged.update(entry.roots)
    replies = _shared_out(own, known, dialect)
    for root in known:
        tally = journal.tallies.get(root)
        if tally is not None and tally.deliveries and not told[root]:
            # The journal has let go of what was quiet and clean, and keeps the counts.
            told[root] = acknowledged[root] = tally.deliveries
            replies[root] = tally.replies
    return Report(
        tuple(
            Reacted(
                message,
                told[root],
                acknowledged[root],
                replies[root],
                to_echoes[root],
                _outcome(
                    message,
                    dialect,
                    told=told[root],
                    acknowledged=acknowledged[root],
                    replies=replies[root],
                    replies_each=replies_each,
                ),
            )
            for root, message in known.items()
        )
    )


def _shared_out(
    replies: Sequence[Entry], known: Mapping[str, UserMessage], dialect: Dialect
) -> Counter[str]:
    """Replies to one message first, then the others, to whichever has the fewest; of those that ask
    for none only if there is no other."""
    shares: Counter[str] = Counter()
    for entry in sorted(replies, key=lambda entry: len(entry.roots)):
        candidates = [root for root in entry.roots if root in known]
        asking = [root for root in candidates if _asks(known[root], dialect)]
        chosen = min(asking or candidates, key=lambda root: shares[root], default=None)
        if chosen is not None:
            shares[chosen] += 1
    return shares


def _outcome(
    message: UserMessage,
    dialect: Dialect,
    *,
    told: int,
    acknowledged: int,
    replies: int,
    replies_each: int,
) -> Outcome:
    if not told:
        return "not told"
    if not _asks(message, dialect):
        if not replies:
            return "left alone"
        return "answered in stand-by" if message.is_standby else "answered unasked"
    if replies > replies_each:
        return "answered too often"
    if replies == replies_each:
        return "answered"
    return "acknowledged and not answered" if acknowledged else "not acknowledged"


def _asks(message: UserMessage, dialect: Dialect) -> bool:
    return dialect.items[message.kind].asks and not message.is_standby


def _is_taken(status: object, dialect: Dialect) -> bool:
    return isinstance(status, int) and dialect.product.takes(status)
