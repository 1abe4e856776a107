"""One request on its way through the REST surface, and how it comes to wait for a lock."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.firestore.attempt import Wait
from emulator.firestore.oplog import NOTHING, Billed
from emulator.firestore.query import Query

if TYPE_CHECKING:
    from emulator.call import Call
    from emulator.firestore.service import Firestore
    from emulator.firestore.target import Target


class MustWait(Exception):
    """The request can not be performed yet; nothing has happened."""

    def __init__(self, wait: Wait) -> None:
        super().__init__()
        self.wait = wait


@dataclass(slots=True)
class Asked:
    """One request; `paths`, `billed` and `transaction`, for the log, are filled in on it.

    `waits` takes what a request has to wait for; None when nobody could wait.
    """

    fake: "Firestore"
    call: "Call | None"
    method: str
    raw_path: str
    body: bytes
    waits: list[Wait] | None = None
    query: Query = field(default_factory=lambda: Query(""))
    target: "Target | None" = None
    paths: tuple[str, ...] = ()
    billed: Billed = NOTHING
    transaction: str = ""

    @property
    def verb(self) -> str:
        return "unknown" if self.target is None else self.target.verb

    @property
    def caller(self) -> str | None:
        """Who would wait; None when nobody could."""
        return None if self.call is None or self.waits is None else self.call.name
