"""What a message's record in the store says and where it lies; who may change it is decided in
`claims.py` and `turns.py`.
"""

import logging
from datetime import UTC, datetime

from reference_bot.firestore import (
    ABSENT,
    Condition,
    ConflictError,
    Document,
    StoreError,
    Write,
    unchanged_since,
)
from reference_bot.message import Message
from reference_bot.store import Store

LOG = logging.getLogger(__name__)

CLAIMED, PUBLISHED, HELD = "claimed", "published", "held"
ANSWERING, ANSWERED = "answering", "answered"

# A conflict means that somebody else got on, so trying again ends: after at most as many rounds as
# a user has messages in flight at the same instant.
ATTEMPTS = 20
# For a TTL policy on `expires_at`: well past the last redelivery of the platform and the queue's
# longest delay.
KEEP_S = 14 * 86_400.0


def record_path(message: Message) -> str:
    """Where the record of a message is."""
    return f"processedMessages/{message.key}"


def as_read(document: Document | None) -> Condition:
    """The condition that a document is still as it was read."""
    return ABSENT if document is None else unchanged_since(document.version)


def number(document: Document, field: str) -> float:
    """A number in a document, 0 when it is not there or something else."""
    value = document.fields.get(field)
    return value if isinstance(value, int | float) else 0.0


def expiry(moment: float) -> datetime:
    """When a document that was needed at `moment` (unix seconds) may go."""
    return datetime.fromtimestamp(moment + KEEP_S, UTC)


async def mark(store: Store, path: str, state: str, version: str, *others: Write) -> bool:
    """Put a record into another state, if it is still as it was written as `version`, and do the
    other writes with it. Returns whether nothing more can come of trying: never raises StoreError.
    """
    condition = unchanged_since(version)
    write = Write(path=path, fields={"state": state}, merge=True, condition=condition)
    try:
        await store.commit(write, *others)
    except ConflictError:
        return True  # it went on without us
    except StoreError as error:
        LOG.info("a message was not marked as %s: %s", state, error)
        return False
    return True
