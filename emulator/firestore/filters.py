"""The conditions of a query: what they say, and which documents satisfy them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.fieldpath import DOCUMENT_NAME, Absent, FieldPath, parse_path, read
from emulator.firestore.ordering import OrderKey, order_key
from emulator.firestore.proto_json import bad_value, enum, items, message, string
from emulator.firestore.value_json import value_from_json
from emulator.firestore.values import Reference, Value, equality_key, is_nan
from emulator.firestore.writes import Document

Operator = Literal[
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "in",
    "not-in",
    "array-contains",
    "array-contains-any",
]

# Firestore API, StructuredQuery.FieldFilter.Operator and the other enums, in the order of their
# numbers; clients may send these instead of the names.
_FIELD_OPERATORS = (
    *("OPERATOR_UNSPECIFIED", "LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN"),
    *("GREATER_THAN_OR_EQUAL", "EQUAL", "NOT_EQUAL", "ARRAY_CONTAINS", "IN"),
    *("ARRAY_CONTAINS_ANY", "NOT_IN"),
)
_UNARY_OPERATORS = (
    *("OPERATOR_UNSPECIFIED", "", "IS_NAN", "IS_NULL", "IS_NOT_NAN", "IS_NOT_NULL"),
)
_COMPOSITE_OPERATORS = ("OPERATOR_UNSPECIFIED", "AND", "OR")

_OPERATORS: Mapping[str, Operator] = {
    "EQUAL": "==",
    "NOT_EQUAL": "!=",
    "LESS_THAN": "<",
    "LESS_THAN_OR_EQUAL": "<=",
    "GREATER_THAN": ">",
    "GREATER_THAN_OR_EQUAL": ">=",
    "IN": "in",
    "NOT_IN": "not-in",
    "ARRAY_CONTAINS": "array-contains",
    "ARRAY_CONTAINS_ANY": "array-contains-any",
}
_UNARY: Mapping[str, tuple[Operator, Value]] = {
    "IS_NULL": ("==", None),
    "IS_NAN": ("==", float("nan")),
    "IS_NOT_NULL": ("!=", None),
    "IS_NOT_NAN": ("!=", float("nan")),
}
_COMPARED: Mapping[Operator, Callable[[OrderKey, OrderKey], bool]] = {
    "<": lambda stored, given: stored < given,
    "<=": lambda stored, given: stored <= given,
    ">": lambda stored, given: stored > given,
    ">=": lambda stored, given: stored >= given,
}
_UNEQUAL: tuple[Operator, ...] = ("!=", "not-in")

# Firestore docs, "Query limitations": values of an `in` or `array-contains-any`, and of a `not-in`.
MAX_DISJUNCTIONS = 30
MAX_EXCLUDED = 10
_MOST_VALUES = {"IN": MAX_DISJUNCTIONS, "ARRAY_CONTAINS_ANY": MAX_DISJUNCTIONS}
_MOST_VALUES["NOT_IN"] = MAX_EXCLUDED


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one field; the value of `in` and its like is the list of alternatives."""

    path: FieldPath
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds if all conditions of one of the alternatives hold."""

    alternatives: tuple[tuple["Condition", ...], ...]


Condition: TypeAlias = Filter | AnyOf


def value_at(document: Document, path: FieldPath) -> Value | Absent:
    """A field of a document, or its name as a value."""
    return Reference(document.name) if path == DOCUMENT_NAME else read(document.fields, path)


def holds(condition: Condition, document: Document) -> bool:
    """Whether a document satisfies a condition; one without the field satisfies none."""
    if isinstance(condition, AnyOf):
        return any(all(holds(one, document) for one in way) for way in condition.alternatives)
    stored = value_at(document, condition.path)
    return not isinstance(stored, Absent) and _holds(condition, stored)


def inequality_paths(conditions: Iterable[Condition]) -> set[FieldPath]:
    """The fields by which results are sorted although nobody said so."""
    found = set()
    for one in conditions:
        if isinstance(one, AnyOf):
            for way in one.alternatives:
                found |= inequality_paths(way)
        elif one.operator in _COMPARED or one.operator in _UNEQUAL:
            found.add(one.path)
    return found


def conditions_from_json(raw: object, where: str) -> tuple[Condition, ...]:
    """A `where` as conditions that must all hold. Raises InvalidArgumentError."""
    kinds = message(raw, where, ("compositeFilter", "fieldFilter", "unaryFilter"))
    if len(kinds) != 1:
        given = ", ".join(kinds) or "none"
        raise InvalidArgumentError(
            f"Invalid value at '{where}': one kind of filter must be set, not {given}."
        )
    [(kind, content)] = kinds.items()
    match kind:
        case "compositeFilter":
            return _composite(content, f"{where}.composite_filter")
        case "unaryFilter":
            return (_unary(content, f"{where}.unary_filter"),)
        case _:
            return (_field_filter(content, f"{where}.field_filter"),)


def field_from_json(raw: object, where: str) -> FieldPath:
    """A reference to a field."""
    found = message(raw, where, ("fieldPath",))
    return parse_path(string(found.get("fieldPath"), f"{where}.field_path"))


# -- inside ----------------------------------------------------------------------------------------


def _holds(condition: Filter, stored: Value) -> bool:
    given = condition.value
    match condition.operator:
        case "==":
            return equality_key(stored) == equality_key(given)
        case "!=":
            return stored is not None and equality_key(stored) != equality_key(given)
        case "in":
            return _among(stored, given)
        case "not-in":
            nulls = isinstance(given, list) and None in given
            return stored is not None and not nulls and not _among(stored, given)
        case "array-contains":
            return isinstance(stored, list) and _among(given, stored)
        case "array-contains-any":
            return isinstance(stored, list) and any(_among(one, given) for one in stored)
        case compared:
            # Inequalities match values of the same type only; of NaN nothing is true.
            stored_key, given_key = order_key(stored), order_key(given)
            if stored_key[0] != given_key[0] or is_nan(stored) or is_nan(given):
                return False
            return _COMPARED[compared](stored_key, given_key)


def _among(value: Value, values: Value) -> bool:
    key = equality_key(value)
    return isinstance(values, list) and any(equality_key(one) == key for one in values)


def _unary(raw: object, where: str) -> Filter:
    found = message(raw, where, ("op", "field"))
    said = enum(found.get("op"), f"{where}.op", _UNARY_OPERATORS)
    if said not in _UNARY:
        bad_value(f"{where}.op", "OPERATOR", found.get("op"))
    operator, value = _UNARY[said]
    return Filter(field_from_json(found.get("field"), f"{where}.field"), operator, value)


def _field_filter(raw: object, where: str) -> Filter:
    found = message(raw, where, ("op", "field", "value"))
    said = enum(found.get("op"), f"{where}.op", _FIELD_OPERATORS)
    if said not in _OPERATORS:
        bad_value(f"{where}.op", "OPERATOR", found.get("op"))
    value = value_from_json(found.get("value"), f"{where}.value")
    most = _MOST_VALUES.get(said)
    if most is not None and not (isinstance(value, list) and 0 < len(value) <= most):
        raise InvalidArgumentError(f"'{said}' requires an ArrayValue with 1 to {most} values.")
    path = field_from_json(found.get("field"), f"{where}.field")
    if path == DOCUMENT_NAME:
        _check_names(value, f"{where}.value")
    return Filter(path, _OPERATORS[said], value)


def _check_names(value: Value, where: str) -> None:
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, Reference):
            raise InvalidArgumentError(
                f"Invalid value at '{where}': __name__ is compared with references only."
            )


def _composite(raw: object, where: str) -> tuple[Condition, ...]:
    found = message(raw, where, ("op", "filters"))
    operator = enum(found.get("op"), f"{where}.op", _COMPOSITE_OPERATORS)
    parts: Sequence[tuple[Condition, ...]] = [
        conditions_from_json(part, f"{where}.filters[{at}]")
        for at, part in enumerate(items(found.get("filters", []), f"{where}.filters"))
    ]
    if operator == "AND":
        return tuple(condition for part in parts for condition in part)
    if operator != "OR":
        bad_value(f"{where}.op", "OPERATOR", found.get("op"))
    if not parts:
        raise InvalidArgumentError(f"Invalid value at '{where}': OR needs at least one filter.")
    return (AnyOf(tuple(parts)),)
