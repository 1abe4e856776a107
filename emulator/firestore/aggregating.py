"""Aggregations over the results of a query: count, sum and average."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.fieldpath import Absent, FieldPath
from emulator.firestore.filters import field_from_json, value_at
from emulator.firestore.proto_json import JSONObject, bad_value, items, message, string
from emulator.firestore.store import Documents
from emulator.firestore.structured_query import StructuredQuery, run, structured_query
from emulator.firestore.values import MAX_INTEGER, MIN_INTEGER, Value, is_number
from emulator.firestore.writes import Document

MAX_AGGREGATIONS = 5  # Firestore API, StructuredAggregationQuery.aggregations
ENTRIES_PER_READ = 1_000  # Firestore docs, "Pricing": index entries that one read pays for

_KINDS = ("count", "sum", "avg")


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What is computed under which name; `path` is None for a count, `up_to` bounds one."""

    alias: str
    kind: str
    path: FieldPath | None = None
    up_to: int | None = None


def aggregation_query(raw: object, parent: str) -> tuple[StructuredQuery, tuple[Aggregation, ...]]:
    """The `structuredAggregationQuery` of a request. Raises InvalidArgumentError."""
    where = "structured_aggregation_query"
    found = message(raw, where, ("structuredQuery", "aggregations"))
    parts = items(found.get("aggregations", []), f"{where}.aggregations")
    if not 0 < len(parts) <= MAX_AGGREGATIONS:
        raise InvalidArgumentError(
            f"Invalid value at '{where}.aggregations': 1 to {MAX_AGGREGATIONS} are allowed,"
            f" not {len(parts)}."
        )
    asked: list[Aggregation] = []
    for at, part in enumerate(parts):
        one = _aggregation(part, f"{where}.aggregations[{at}]", f"field_{at + 1}")
        if any(other.alias == one.alias for other in asked):
            raise InvalidArgumentError(f'The alias "{one.alias}" is used more than once.')
        asked.append(one)
    return structured_query(found.get("structuredQuery"), parent), tuple(asked)


def aggregate(
    query: StructuredQuery, asked: Sequence[Aggregation], store: Documents
) -> tuple[dict[str, Value], int]:
    """The values by their aliases, and how many documents went in.

    Firestore docs, "Summarize data with aggregation queries": with several fields only documents
    that have all of them count, and what is no number is left out of sums and averages.
    """
    paths = {one.path for one in asked if one.path is not None}
    documents = [
        document
        for document in run(query, store).documents
        if not any(isinstance(value_at(document, path), Absent) for path in paths)
    ]
    return {one.alias: _value(one, documents) for one in asked}, len(documents)


def _value(one: Aggregation, documents: Sequence[Document]) -> Value:
    if one.path is None:
        return len(documents) if one.up_to is None else min(len(documents), one.up_to)
    path = one.path
    values = [value_at(document, path) for document in documents]
    numbers = [value for value in values if is_number(value)]
    return _AGGREGATES[one.kind](numbers)


def _sum(numbers: Sequence[int | float]) -> int | float:
    total = sum(numbers) if all(isinstance(one, int) for one in numbers) else math.fsum(numbers)
    if isinstance(total, int) and not MIN_INTEGER <= total <= MAX_INTEGER:
        return float(total)
    return total


def _average(numbers: Sequence[int | float]) -> float | None:
    return math.fsum(numbers) / len(numbers) if numbers else None


_AGGREGATES: dict[str, Callable[[Sequence[int | float]], int | float | None]] = {
    "sum": _sum,
    "avg": _average,
}


def _aggregation(raw: object, where: str, alias: str) -> Aggregation:
    found = message(raw, where, ("alias", *_KINDS))
    alias = string(found.pop("alias", ""), f"{where}.alias") or alias
    if len(found) != 1:
        given = ", ".join(found) or "none"
        raise InvalidArgumentError(
            f"Invalid value at '{where}': one kind of aggregation must be set, not {given}."
        )
    [(kind, content)] = found.items()
    place = f"{where}.{kind}"
    if kind == "count":
        return Aggregation(alias, kind, up_to=_up_to(content, place))
    inner = message(content, place, ("field",))
    return Aggregation(alias, kind, field_from_json(inner.get("field"), f"{place}.field"))


def _up_to(raw: object, where: str) -> int | None:
    """An Int64Value, whose JSON is a text; a number is taken as well."""
    found: JSONObject = message(raw, where, ("upTo",))
    given = found.get("upTo")
    if given is None:
        return None
    text = str(given)
    if not text.isdecimal() or int(text) == 0:
        bad_value(f"{where}.up_to", "TYPE_INT64", given)
    return int(text)
