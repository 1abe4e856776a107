"""The messages that the circuit breaker holds: each a document of its own until it is answered."""

from dataclasses import dataclass

from reference_bot.firestore import Write
from reference_bot.message import Message, read_job
from reference_bot.records import expiry
from reference_bot.store import Store

COLLECTION = "heldMessages"
# How many one invocation takes on: about four calls for each.
AT_MOST = 200


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A message that is held, and the document that holds it."""

    path: str
    message: Message

    @property
    def removal(self) -> Write:
        """The write that lets go of it."""
        return Write(path=self.path, fields=None)


def keep(message: Message, now: float) -> Write:
    """The write that holds a message; the names of the documents put the oldest first."""
    return Write(
        path=f"{COLLECTION}/{int(now * 1000):014d}-{message.key}",
        fields={**message.as_job(), "expires_at": expiry(now)},
    )


async def oldest(store: Store) -> list[HeldMessage]:
    """The oldest messages that are held, `AT_MOST` of them. Raises StoreError."""
    found = []
    for path, document in (await store.list_collection(COLLECTION, AT_MOST)).items():
        message = read_job(document.fields)
        if message is not None:
            found.append(HeldMessage(path, message))
    return found
