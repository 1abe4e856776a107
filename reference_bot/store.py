"""What the bot needs of a store, whichever it is: `firestore.py` and `upstash.py` are two."""

from typing import Protocol

from reference_bot.firestore import Document, Write, Written


class Store(Protocol):
    """Documents at paths like `collection/id`, and commits that all take effect or none."""

    async def read(self, *paths: str) -> list[Document | None]:
        """The documents at these paths, in this order, None where there is none. Raises
        StoreError.
        """

    async def list_collection(self, collection: str, at_most: int) -> dict[str, Document]:
        """The first documents of a collection by their ids, with their paths. Raises StoreError."""

    async def commit(self, *writes: Write) -> list[Written]:
        """Do all of the writes or none; returns what each of them did. Raises ConflictError when a
        condition did not hold, and StoreError when it failed or the outcome is unknown.
        """
