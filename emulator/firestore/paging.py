"""Which part of a collection a list request asks for, and the tokens that lead to the next."""

import base64
import binascii
from dataclasses import dataclass

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.query import Query

# googleapis/nodejs-firestore, pull request 838: 20 documents a page when nothing is said, 300 at
# most.
DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 300


class UnservedOrderError(InvalidArgumentError):
    """An order that the real service knows and the fake does not."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Up to `size` documents of a collection by name, beginning behind the id `after`."""

    collection: str
    size: int
    after: str | None
    descending: bool

    def token(self, last: str) -> str:
        """The token of the page behind `last`: valid for this collection and order only."""
        order = "-" if self.descending else "+"
        return base64.urlsafe_b64encode(f"{order}{self.collection}/{last}".encode()).decode()


def listing(collection: str, query: Query) -> Listing:
    """Read the parameters of a list request. Raises InvalidArgumentError."""
    size = query.whole("pageSize")
    if size < 0:
        raise InvalidArgumentError(f"pageSize must not be negative: {size}")
    descending = _descending(query.text("orderBy"))
    token = query.text("pageToken")
    after = _after(token, ("-" if descending else "+") + collection + "/") if token else None
    return Listing(collection, min(size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE), after, descending)


def _descending(order: str) -> bool:
    name, *direction = order.split() or ["__name__"]
    direction = [word.lower() for word in direction]
    if name != "__name__" or direction not in ([], ["asc"], ["desc"]):
        raise UnservedOrderError(
            f'orderBy "{order}" is not served here: documents are listed by __name__ only.'
        )
    return direction == ["desc"]


def _after(token: str, prefix: str) -> str:
    try:
        place = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        place = ""
    last = place.removeprefix(prefix)
    if not place.startswith(prefix) or not last or "/" in last:
        raise InvalidArgumentError("Invalid page token: it belongs to another list, or to none.")
    return last
