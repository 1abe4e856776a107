"""One write of a commit: what it asks for, and what it makes of the document that is there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from emulator.firestore.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
)
from emulator.firestore.fieldpath import (
    Absent,
    FieldPath,
    format_path,
    read,
    with_value,
    without,
)
from emulator.firestore.values import (
    MAX_INTEGER,
    MIN_INTEGER,
    Fields,
    Timestamp,
    Value,
    check_fields,
    equality_key,
    identical,
    is_number,
)


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document. Times are microseconds since 1970; nothing in it ever changes."""

    name: str
    fields: Fields
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must hold for a write to happen; at most one of the two is set."""

    exists: bool | None = None
    updated_us: int | None = None


ANY = Precondition()

TransformKind = Literal[
    "setToServerValue",
    "increment",
    "maximum",
    "minimum",
    "appendMissingElements",
    "removeAllFromArray",
]


@dataclass(frozen=True, slots=True)
class Transform:
    """A change that depends on the field's present value; array kinds have a list as operand."""

    path: FieldPath
    kind: TransformKind
    operand: Value = None


@dataclass(frozen=True, slots=True)
class Update:
    """Set fields, then transform.

    Without a mask the document becomes `fields`; with one only the masked paths change, and those
    absent from `fields` go.
    """

    name: str
    fields: Fields
    mask: tuple[FieldPath, ...] | None = None
    transforms: tuple[Transform, ...] = ()
    condition: Precondition = ANY


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the document; removing one that is not there succeeds."""

    name: str
    condition: Precondition = ANY


Write: TypeAlias = Update | Delete


@dataclass(frozen=True, slots=True)
class WriteResult:
    """When the document last changed (None after a delete), and what the transforms gave."""

    updated_us: int | None
    transforms: tuple[Value, ...] = ()


def perform(
    write: Write, current: Document | None, now_us: int
) -> tuple[Document | None, WriteResult]:
    """The document after a write at `now_us`, and the result. Raises FirestoreError."""
    _check(write, current)
    if isinstance(write, Delete):
        return None, WriteResult(None)
    fields = _masked(write, current)
    results = []
    for transform in write.transforms:
        before = read(fields, transform.path)
        after, result = _transformed(transform, before, now_us)
        fields = with_value(fields, transform.path, after)
        results.append(result)
    check_fields(write.name, fields)
    if current is not None and identical(current.fields, fields):
        # Firestore API, WriteResult.update_time: a write that changes nothing keeps the previous
        # time.
        return current, WriteResult(current.updated_us, tuple(results))
    created_us = now_us if current is None else current.created_us
    return Document(write.name, fields, created_us, now_us), WriteResult(now_us, tuple(results))


def _check(write: Write, current: Document | None) -> None:
    condition = write.condition
    if condition.exists is False and current is not None:
        raise AlreadyExistsError(f"Document already exists: {write.name}")
    if condition.exists is True and current is None:
        raise NotFoundError(f"No document to update: {write.name}")
    if condition.updated_us is not None:
        stored_us = 0 if current is None else current.updated_us
        if stored_us != condition.updated_us:
            raise FailedPreconditionError(
                f"the stored version ({stored_us}) does not match"
                f" the required base version ({condition.updated_us})"
            )


def _masked(write: Update, current: Document | None) -> Fields:
    if write.mask is None:
        return write.fields
    fields: Fields = {} if current is None else current.fields
    for path in write.mask:
        value = read(write.fields, path)
        if isinstance(value, Absent):
            fields = without(fields, path)
        else:
            fields = with_value(fields, path, value)
    return fields


# Semantics of the transforms: Firestore API, DocumentTransform.FieldTransform.


def _transformed(transform: Transform, before: Value | Absent, now_us: int) -> tuple[Value, Value]:
    """The field after a transform, and the transform's result."""
    operand = transform.operand
    if transform.kind == "setToServerValue":
        # REQUEST_TIME has a precision of milliseconds.
        moment = Timestamp(now_us // 1000 * 1000)
        return moment, moment
    if transform.kind in ("appendMissingElements", "removeAllFromArray"):
        held = before if isinstance(before, list) else []
        elements = operand if isinstance(operand, list) else [operand]
        if transform.kind == "appendMissingElements":
            return _appended(held, elements), None
        gone = {equality_key(element) for element in elements}
        return [item for item in held if equality_key(item) not in gone], None
    if not is_number(operand):
        raise InvalidArgumentError(
            f'Transform "{transform.kind}" of "{format_path(transform.path)}" needs a number.'
        )
    if not is_number(before):
        return operand, operand
    after = (
        _sum(before, operand)
        if transform.kind == "increment"
        else _extreme(before, operand, largest=transform.kind == "maximum")
    )
    return after, after


def _appended(held: list[Value], elements: Sequence[Value]) -> list[Value]:
    seen = {equality_key(item) for item in held}
    appended = list(held)
    for element in elements:
        key = equality_key(element)
        if key not in seen:
            seen.add(key)
            appended.append(element)
    return appended


def _sum(before: int | float, operand: int | float) -> int | float:
    if isinstance(before, float) or isinstance(operand, float):
        return float(before) + float(operand)
    return max(MIN_INTEGER, min(MAX_INTEGER, before + operand))


def _extreme(before: int | float, operand: int | float, *, largest: bool) -> int | float:
    if math.isnan(before) or math.isnan(operand):
        return math.nan
    # Of equals (3 and 3.0, all zeros) the stored one stays.
    beaten = operand > before if largest else operand < before
    return operand if beaten else before
