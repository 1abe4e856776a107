"""Structured queries: which documents, in which order, which part of them, which of their fields.

What of the real language is not served here is refused as unimplemented, never half done.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from emulator.firestore.errors import InvalidArgumentError, UnimplementedError
from emulator.firestore.fieldpath import DOCUMENT_NAME, Absent, FieldPath
from emulator.firestore.filters import (
    Condition,
    Filter,
    conditions_from_json,
    field_from_json,
    holds,
    inequality_paths,
    value_at,
)
from emulator.firestore.names import check_ids, group_key
from emulator.firestore.ordering import OrderKey, order_key
from emulator.firestore.proto_json import bad_value, boolean, enum, items, message, string
from emulator.firestore.store import Documents
from emulator.firestore.value_json import value_from_json
from emulator.firestore.values import Reference
from emulator.firestore.writes import Document

_QUERY = (
    *("select", "from", "where", "orderBy", "startAt", "endAt"),
    *("offset", "limit", "findNearest"),
)
_UNSERVED = ("findNearest",)
# Firestore API, StructuredQuery.Direction, by number.
_DIRECTIONS = ("DIRECTION_UNSPECIFIED", "ASCENDING", "DESCENDING")

Order: TypeAlias = tuple[FieldPath, bool]  # and whether it descends


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place among the results: just before or just behind those whose first orders have these
    values.
    """

    keys: tuple[OrderKey, ...]
    before: bool


@dataclass(frozen=True, slots=True)
class StructuredQuery:
    """All filters must hold. `orders` are complete: the name of the document is the last one.

    `collection` is the full name of one, unless the query is of all descendants: then documents
    below `parent` are found in every collection with the last id of `collection`, or in any at all
    if that is empty.
    """

    collection: str
    filters: tuple[Condition, ...]
    orders: tuple[Order, ...]
    offset: int = 0
    limit: int | None = None
    fields: tuple[FieldPath, ...] | None = None
    start: Cursor | None = None
    end: Cursor | None = None
    parent: str | None = None

    @property
    def key(self) -> str:
        """What a transaction locks for it: see `Transactions.saw`."""
        return self.collection + "/*" if self.parent is None else group_key(self.collection)

    def covers(self, name: str) -> bool:
        """Whether a document (full name) is where the query looks."""
        collection = name.rpartition("/")[0]
        if self.parent is None:
            return collection == self.collection
        last = self.collection.rpartition("/")[2]
        return name.startswith(self.parent + "/") and (
            not last or collection.rpartition("/")[2] == last
        )


@dataclass(frozen=True, slots=True)
class Results:
    """The documents in order, and how many the offset skipped."""

    documents: tuple[Document, ...]
    skipped: int


def run(query: StructuredQuery, store: Documents) -> Results:
    """The results of a query now. Costs by the documents that satisfy one of its equalities, or by
    the collection if it has none."""
    found = [
        document
        for document in _candidates(query, store)
        if all(holds(one, document) for one in query.filters)
        and all(not isinstance(value_at(document, path), Absent) for path, _ in query.orders)
    ]
    for path, descends in reversed(query.orders):
        found.sort(key=lambda document: _order_key(document, path), reverse=descends)
    start, end = query.start, query.end
    if start is not None:
        found = [one for one in found if _side(query, one, start) >= (0 if start.before else 1)]
    if end is not None:
        found = [one for one in found if _side(query, one, end) <= (-1 if end.before else 0)]
    last = None if query.limit is None else query.offset + query.limit
    return Results(tuple(found[query.offset : last]), min(query.offset, len(found)))


def structured_query(raw: object, parent: str) -> StructuredQuery:
    """The `structuredQuery` of a request about the collections of `parent`.

    Raises InvalidArgumentError for what makes no sense, UnimplementedError for what is not served.
    """
    where = "structured_query"
    found = message(raw, where, _QUERY)
    for name in _UNSERVED:
        if name in found:
            raise UnimplementedError(f"The field {name} of a query is not served here.")
    filters = conditions_from_json(found["where"], f"{where}.where") if "where" in found else ()
    orders = _orders(found.get("orderBy", []), f"{where}.order_by", filters)
    select = found.get("select")
    limit = found.get("limit")
    collection, everywhere = _collection(found.get("from", []), f"{where}.from")
    return StructuredQuery(
        collection=f"{parent}/{collection}" if collection else "",
        filters=filters,
        orders=orders,
        offset=_whole(found.get("offset", 0), f"{where}.offset"),
        limit=None if limit is None else _whole(limit, f"{where}.limit"),
        fields=None if select is None else _selected(select, f"{where}.select"),
        start=_cursor(found.get("startAt"), f"{where}.start_at", orders),
        end=_cursor(found.get("endAt"), f"{where}.end_at", orders),
        parent=parent if everywhere else None,
    )


# -- running ---------------------------------------------------------------------------------------


def _candidates(query: StructuredQuery, store: Documents) -> Iterable[Document]:
    if query.parent is not None:
        last = query.collection.rpartition("/")[2]
        return store.below(query.parent, last)
    for one in query.filters:
        if isinstance(one, Filter) and one.operator == "==" and one.path != DOCUMENT_NAME:
            return store.with_value(query.collection, one.path, one.value)
    return store.in_collection(query.collection)


def _order_key(document: Document, path: FieldPath) -> OrderKey:
    value = value_at(document, path)
    return () if isinstance(value, Absent) else order_key(value)


def _side(query: StructuredQuery, document: Document, cursor: Cursor) -> int:
    """-1 for a document before a cursor, 0 at it, 1 behind it."""
    for (path, descends), wanted in zip(query.orders, cursor.keys, strict=False):
        key = _order_key(document, path)
        if key != wanted:
            return 1 if (key > wanted) is not descends else -1
    return 0


# -- reading ---------------------------------------------------------------------------------------


def _collection(raw: object, where: str) -> tuple[str, bool]:
    """The id of the collection, and whether it is meant wherever it is."""
    selectors = items(raw, where)
    if len(selectors) != 1:
        raise InvalidArgumentError(f"Invalid value at '{where}': one collection must be named.")
    selector = message(selectors[0], f"{where}[0]", ("collectionId", "allDescendants"))
    everywhere = boolean(selector.get("allDescendants", False), f"{where}[0].all_descendants")
    name = string(selector.get("collectionId", ""), f"{where}[0].collection_id")
    if name or not everywhere:
        check_ids((name,))
    return name, everywhere


def _orders(raw: object, where: str, filters: Iterable[Condition]) -> tuple[Order, ...]:
    """The orders given and implied: fields of inequalities, then the name.

    Firestore API, StructuredQuery.order_by: the implied ones go as the last one given.
    """
    orders: dict[FieldPath, bool] = {}
    for at, part in enumerate(items(raw, where)):
        found = message(part, f"{where}[{at}]", ("field", "direction"))
        place = f"{where}[{at}].direction"
        direction = enum(found.get("direction", "ASCENDING"), place, _DIRECTIONS)
        if direction not in _DIRECTIONS:
            bad_value(place, "DIRECTION", direction)
        path = field_from_json(found.get("field"), f"{where}[{at}].field")
        orders.setdefault(path, direction == "DESCENDING")
    descends = next(reversed(orders.values()), False)
    for path in sorted(inequality_paths(filters)):
        if path != DOCUMENT_NAME:
            orders.setdefault(path, descends)
    orders.setdefault(DOCUMENT_NAME, descends)
    return tuple(orders.items())


def _cursor(raw: object, where: str, orders: tuple[Order, ...]) -> Cursor | None:
    if raw is None:
        return None
    found = message(raw, where, ("values", "before"))
    given = items(found.get("values", []), f"{where}.values")
    if len(given) > len(orders):
        raise InvalidArgumentError(
            f"Invalid value at '{where}': the cursor has {len(given)} values for"
            f" {len(orders)} orders."
        )
    values = [value_from_json(one, f"{where}.values[{at}]") for at, one in enumerate(given)]
    for (path, _), value in zip(orders, values, strict=False):
        if path == DOCUMENT_NAME and not isinstance(value, Reference):
            raise InvalidArgumentError(
                f"Invalid value at '{where}': __name__ is compared with references only."
            )
    before = boolean(found.get("before", False), f"{where}.before")
    return Cursor(tuple(order_key(value) for value in values), before)


def _selected(raw: object, where: str) -> tuple[FieldPath, ...] | None:
    fields = items(message(raw, where, ("fields",)).get("fields", []), f"{where}.fields")
    # Firestore API, Projection.fields: empty means all.
    paths = [field_from_json(one, f"{where}.fields[{at}]") for at, one in enumerate(fields)]
    return tuple(paths) or None


def _whole(raw: object, where: str) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        bad_value(where, "TYPE_INT32", raw)
    if raw < 0:
        raise InvalidArgumentError(f"Invalid value at '{where}': must not be negative: {raw}.")
    return raw
