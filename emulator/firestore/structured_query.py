"""Structured queries: one collection, simple filters, an order, a window of the results.

What of the real language is not served here is refused as unimplemented, never half done.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from emulator.firestore.errors import InvalidArgumentError, UnimplementedError
from emulator.firestore.fieldpath import DOCUMENT_NAME, Absent, FieldPath, parse_path, read
from emulator.firestore.names import check_ids
from emulator.firestore.ordering import OrderKey, order_key
from emulator.firestore.proto_json import bad_value, boolean, items, message, string
from emulator.firestore.store import Documents
from emulator.firestore.value_json import value_from_json
from emulator.firestore.values import Reference, Value, equality_key
from emulator.firestore.writes import Document

Operator = Literal["==", "<", "<=", ">", ">=", "in", "array-contains"]

_OPERATORS: Mapping[str, Operator] = {
    "EQUAL": "==",
    "LESS_THAN": "<",
    "LESS_THAN_OR_EQUAL": "<=",
    "GREATER_THAN": ">",
    "GREATER_THAN_OR_EQUAL": ">=",
    "IN": "in",
    "ARRAY_CONTAINS": "array-contains",
}
_COMPARED: Mapping[Operator, Callable[[OrderKey, OrderKey], bool]] = {
    "<": lambda stored, given: stored < given,
    "<=": lambda stored, given: stored <= given,
    ">": lambda stored, given: stored > given,
    ">=": lambda stored, given: stored >= given,
}
_UNARY: Mapping[str, Value] = {"IS_NULL": None, "IS_NAN": float("nan")}
_QUERY = (
    *("select", "from", "where", "orderBy", "startAt", "endAt"),
    *("offset", "limit", "findNearest"),
)
_UNSERVED = ("startAt", "endAt", "findNearest")

MAX_DISJUNCTIONS = 30  # Firestore docs, "Query limitations": values of an `in`


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one field; the value of `in` is the list of alternatives."""

    path: FieldPath
    operator: Operator
    value: Value


Order: TypeAlias = tuple[FieldPath, bool]  # and whether it descends


@dataclass(frozen=True, slots=True)
class StructuredQuery:
    """All filters must hold. `orders` are complete: the name of the document is the last one."""

    collection: str
    filters: tuple[Filter, ...]
    orders: tuple[Order, ...]
    offset: int = 0
    limit: int | None = None
    fields: tuple[FieldPath, ...] | None = None


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
        if all(_holds(one, document) for one in query.filters)
        and all(not isinstance(_value(document, path), Absent) for path, _ in query.orders)
    ]
    for path, descends in reversed(query.orders):
        found.sort(key=lambda document: _order_key(document, path), reverse=descends)
    end = None if query.limit is None else query.offset + query.limit
    return Results(tuple(found[query.offset : end]), min(query.offset, len(found)))


def structured_query(raw: object, parent: str) -> StructuredQuery:
    """The `structuredQuery` of a request about the collections of `parent`.

    Raises InvalidArgumentError for what makes no sense, UnimplementedError for what is not served.
    """
    where = "structured_query"
    found = message(raw, where, _QUERY)
    for name in _UNSERVED:
        if name in found:
            raise UnimplementedError(f"The field {name} of a query is not served here.")
    filters = tuple(_filters(found["where"], f"{where}.where")) if "where" in found else ()
    select = found.get("select")
    limit = found.get("limit")
    return StructuredQuery(
        collection=f"{parent}/{_collection(found.get('from', []), f'{where}.from')}",
        filters=filters,
        orders=_orders(found.get("orderBy", []), f"{where}.order_by", filters),
        offset=_whole(found.get("offset", 0), f"{where}.offset"),
        limit=None if limit is None else _whole(limit, f"{where}.limit"),
        fields=None if select is None else _selected(select, f"{where}.select"),
    )


# -- running ---------------------------------------------------------------------------------------


def _candidates(query: StructuredQuery, store: Documents) -> Iterable[Document]:
    for one in query.filters:
        if one.operator == "==" and one.path != DOCUMENT_NAME:
            return store.with_value(query.collection, one.path, one.value)
    return store.in_collection(query.collection)


def _value(document: Document, path: FieldPath) -> Value | Absent:
    return Reference(document.name) if path == DOCUMENT_NAME else read(document.fields, path)


def _order_key(document: Document, path: FieldPath) -> OrderKey:
    value = _value(document, path)
    return () if isinstance(value, Absent) else order_key(value)


def _holds(condition: Filter, document: Document) -> bool:
    stored = _value(document, condition.path)
    if isinstance(stored, Absent):
        return False
    given = condition.value
    match condition.operator:
        case "==":
            return equality_key(stored) == equality_key(given)
        case "in":
            key = equality_key(stored)
            return isinstance(given, list) and any(equality_key(one) == key for one in given)
        case "array-contains":
            key = equality_key(given)
            return isinstance(stored, list) and any(equality_key(one) == key for one in stored)
        case compared:
            # Inequalities match values of the same type only; of NaN nothing is true.
            stored_key, given_key = order_key(stored), order_key(given)
            if stored_key[0] != given_key[0] or (2, 0) in (stored_key, given_key):
                return False
            return _COMPARED[compared](stored_key, given_key)


# -- reading ---------------------------------------------------------------------------------------


def _collection(raw: object, where: str) -> str:
    selectors = items(raw, where)
    if len(selectors) != 1:
        raise InvalidArgumentError(f"Invalid value at '{where}': one collection must be named.")
    selector = message(selectors[0], f"{where}[0]", ("collectionId", "allDescendants"))
    if boolean(selector.get("allDescendants", False), f"{where}[0].all_descendants"):
        raise UnimplementedError("Queries of all descendants are not served here.")
    name = string(selector.get("collectionId"), f"{where}[0].collection_id")
    check_ids((name,))
    return name


def _filters(raw: object, where: str) -> list[Filter]:
    kinds = message(raw, where, ("compositeFilter", "fieldFilter", "unaryFilter"))
    if len(kinds) != 1:
        given = ", ".join(kinds) or "none"
        raise InvalidArgumentError(
            f"Invalid value at '{where}': one kind of filter must be set, not {given}."
        )
    [(kind, content)] = kinds.items()
    if kind == "compositeFilter":
        return _conjunction(content, f"{where}.composite_filter")
    if kind == "unaryFilter":
        place = f"{where}.unary_filter"
        found = message(content, place, ("op", "field"))
        operator = string(found.get("op"), f"{place}.op")
        if operator not in _UNARY:
            raise UnimplementedError(f"The operator {operator} is not served here.")
        return [Filter(_field(found.get("field"), f"{place}.field"), "==", _UNARY[operator])]
    place = f"{where}.field_filter"
    found = message(content, place, ("op", "field", "value"))
    operator = string(found.get("op"), f"{place}.op")
    if operator not in _OPERATORS:
        raise UnimplementedError(f"The operator {operator} is not served here.")
    value = value_from_json(found.get("value"), f"{place}.value")
    if operator == "IN" and not (isinstance(value, list) and 0 < len(value) <= MAX_DISJUNCTIONS):
        raise InvalidArgumentError(
            f"'IN' requires an ArrayValue with 1 to {MAX_DISJUNCTIONS} values."
        )
    return [Filter(_field(found.get("field"), f"{place}.field"), _OPERATORS[operator], value)]


def _conjunction(raw: object, where: str) -> list[Filter]:
    found = message(raw, where, ("op", "filters"))
    operator = string(found.get("op"), f"{where}.op")
    if operator != "AND":
        raise UnimplementedError(f"The operator {operator} is not served here.")
    parts = items(found.get("filters", []), f"{where}.filters")
    return [
        condition
        for at, part in enumerate(parts)
        for condition in _filters(part, f"{where}.filters[{at}]")
    ]


def _orders(raw: object, where: str, filters: Iterable[Filter]) -> tuple[Order, ...]:
    """The orders given and implied: fields of inequalities, then the name.

    Firestore API, StructuredQuery.order_by: the implied ones go as the last one given.
    """
    orders: dict[FieldPath, bool] = {}
    for at, part in enumerate(items(raw, where)):
        found = message(part, f"{where}[{at}]", ("field", "direction"))
        direction = found.get("direction", "ASCENDING")
        if direction not in ("ASCENDING", "DESCENDING", "DIRECTION_UNSPECIFIED"):
            bad_value(f"{where}[{at}].direction", "DIRECTION", direction)
        path = _field(found.get("field"), f"{where}[{at}].field")
        orders.setdefault(path, direction == "DESCENDING")
    descends = next(reversed(orders.values()), False)
    for path in sorted({one.path for one in filters if one.operator in _COMPARED}):
        if path != DOCUMENT_NAME:
            orders.setdefault(path, descends)
    orders.setdefault(DOCUMENT_NAME, descends)
    return tuple(orders.items())


def _selected(raw: object, where: str) -> tuple[FieldPath, ...] | None:
    fields = items(message(raw, where, ("fields",)).get("fields", []), f"{where}.fields")
    # Firestore API, Projection.fields: empty means all.
    return tuple(_field(one, f"{where}.fields[{at}]") for at, one in enumerate(fields)) or None


def _field(raw: object, where: str) -> FieldPath:
    found = message(raw, where, ("fieldPath",))
    return parse_path(string(found.get("fieldPath"), f"{where}.field_path"))


def _whole(raw: object, where: str) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        bad_value(where, "TYPE_INT32", raw)
    if raw < 0:
        raise InvalidArgumentError(f"Invalid value at '{where}': must not be negative: {raw}.")
    return raw
