import math

import pytest

from emulator.firestore.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    FirestoreError,
    InvalidArgumentError,
    NotFoundError,
)
from emulator.firestore.fieldpath import FieldPath
from emulator.firestore.values import MAX_INTEGER, MIN_INTEGER, Fields, Timestamp, Value, identical
from emulator.firestore.writes import (
    Delete,
    Document,
    Precondition,
    Transform,
    TransformKind,
    Update,
    Write,
    perform,
)

NAME = "projects/p/databases/d/documents/users/u1"
CREATED_US = 1_000
UPDATED_US = 2_000
NOW_US = 9_999_999


def stored(fields: Fields) -> Document:
    return Document(NAME, fields, CREATED_US, UPDATED_US)


def after(write: Write, current: Document | None) -> Fields:
    document, _ = perform(write, current, NOW_US)
    assert document is not None
    return document.fields


# -- times -----------------------------------------------------------------------------------------


def test_update__creates_with_both_times_now() -> None:
    document, result = perform(Update(NAME, {"a": 1}), None, NOW_US)
    assert document == Document(NAME, {"a": 1}, NOW_US, NOW_US)
    assert result.updated_us == NOW_US


def test_update__keeps_the_time_of_creation() -> None:
    document, _ = perform(Update(NAME, {"a": 1}), stored({"b": 1}), NOW_US)
    assert document == Document(NAME, {"a": 1}, CREATED_US, NOW_US)


def test_update__that_changes_nothing_keeps_the_time_of_update() -> None:
    before = stored({"a": [1, math.nan]})
    document, result = perform(Update(NAME, {"a": [1, math.nan]}), before, NOW_US)
    assert document is before
    assert result.updated_us == UPDATED_US


def test_update__that_changes_a_type_is_a_change() -> None:
    _, result = perform(Update(NAME, {"a": 1.0}), stored({"a": 1}), NOW_US)
    assert result.updated_us == NOW_US


def test_delete__has_no_time_of_update() -> None:
    document, result = perform(Delete(NAME), stored({}), NOW_US)
    assert document is None
    assert result.updated_us is None


def test_delete__of_nothing_succeeds() -> None:
    document, _ = perform(Delete(NAME), None, NOW_US)
    assert document is None


# -- preconditions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "current"),
    [
        (Precondition(exists=True), stored({})),
        (Precondition(exists=False), None),
        (Precondition(updated_us=UPDATED_US), stored({})),
    ],
)
def test_precondition__that_holds_lets_the_write_happen(
    condition: Precondition, current: Document | None
) -> None:
    assert after(Update(NAME, {"a": 1}, condition=condition), current) == {"a": 1}


@pytest.mark.parametrize(
    ("condition", "current", "error", "message"),
    [
        (
            Precondition(exists=False),
            stored({}),
            AlreadyExistsError,
            f"Document already exists: {NAME}",
        ),
        (Precondition(exists=True), None, NotFoundError, f"No document to update: {NAME}"),
        (
            Precondition(updated_us=UPDATED_US - 1),
            stored({}),
            FailedPreconditionError,
            "the stored version (2000) does not match the required base version (1999)",
        ),
        (
            Precondition(updated_us=UPDATED_US),
            None,
            FailedPreconditionError,
            "the stored version (0) does not match the required base version (2000)",
        ),
    ],
)
def test_precondition__that_fails_is_an_error_of_its_own(
    condition: Precondition,
    current: Document | None,
    error: type[FirestoreError],
    message: str,
) -> None:
    for write in (Update(NAME, {}, condition=condition), Delete(NAME, condition)):
        with pytest.raises(error) as caught:
            perform(write, current, NOW_US)
        assert caught.value.message == message


@pytest.mark.parametrize(
    ("error", "http", "grpc", "status"),
    [
        (InvalidArgumentError, 400, 3, "INVALID_ARGUMENT"),
        (NotFoundError, 404, 5, "NOT_FOUND"),
        (AlreadyExistsError, 409, 6, "ALREADY_EXISTS"),
        (FailedPreconditionError, 400, 9, "FAILED_PRECONDITION"),
    ],
)
def test_error__carries_status_and_both_codes(
    error: type[FirestoreError], http: int, grpc: int, status: str
) -> None:
    assert (error.http, error.grpc, error.status) == (http, grpc, status)


# -- masks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (None, {"a": {"x": 9}, "n": 1}),
        ((), {"a": {"x": 1, "y": 2}, "b": 3}),
        ((("n",),), {"a": {"x": 1, "y": 2}, "b": 3, "n": 1}),
        ((("a",),), {"a": {"x": 9}, "b": 3}),
        ((("a", "x"),), {"a": {"x": 9, "y": 2}, "b": 3}),
        ((("a", "y"),), {"a": {"x": 1}, "b": 3}),
        ((("b",),), {"a": {"x": 1, "y": 2}}),
        ((("nope", "deep"),), {"a": {"x": 1, "y": 2}, "b": 3}),
    ],
)
def test_mask__limits_what_changes(mask: tuple[FieldPath, ...] | None, expected: Fields) -> None:
    before = stored({"a": {"x": 1, "y": 2}, "b": 3})
    assert after(Update(NAME, {"a": {"x": 9}, "n": 1}, mask), before) == expected
    assert before.fields == {"a": {"x": 1, "y": 2}, "b": 3}


def test_mask__creates_a_missing_document_with_the_masked_fields() -> None:
    assert after(Update(NAME, {"a": 1, "b": 2}, (("a",),)), None) == {"a": 1}


# -- transforms ------------------------------------------------------------------------------------


def transformed(kind: TransformKind, operand: Value, fields: Fields) -> tuple[Value, Value]:
    """The field `f` after a transform, and the transform's result."""
    write = Update(NAME, {}, (), (Transform(("f",), kind, operand),))
    document, result = perform(write, stored(fields), NOW_US)
    assert document is not None
    return document.fields["f"], result.transforms[0]


def test_server_time__is_the_commit_time_in_milliseconds() -> None:
    moment = Timestamp(9_999_000)
    assert transformed("setToServerValue", None, {}) == (moment, moment)


@pytest.mark.parametrize(
    ("kind", "before", "operand", "expected"),
    [
        ("increment", 1, 2, 3),
        ("increment", 1, 2.0, 3.0),
        ("increment", 1.5, 2, 3.5),
        ("increment", MAX_INTEGER, 1, MAX_INTEGER),
        ("increment", MIN_INTEGER, -1, MIN_INTEGER),
        ("increment", "text", 5, 5),
        ("increment", True, 5, 5),
        ("maximum", 3, 5, 5),
        ("maximum", 5, 3, 5),
        ("maximum", 3, 3.0, 3),
        ("maximum", -0.0, 0, -0.0),
        ("maximum", 3, 4.0, 4.0),
        ("maximum", 3, math.nan, math.nan),
        ("maximum", "text", 1, 1),
        ("minimum", 3, 5, 3),
        ("minimum", 5, 3, 3),
        ("minimum", 3.0, 3, 3.0),
        ("minimum", math.nan, 3, math.nan),
        ("minimum", None, 1, 1),
    ],
)
def test_transform__of_numbers(
    kind: TransformKind, before: Value, operand: Value, expected: Value
) -> None:
    value, result = transformed(kind, operand, {"f": before})
    assert identical(value, expected)
    assert identical(result, expected)


@pytest.mark.parametrize("kind", ["increment", "maximum", "minimum"])
def test_transform__of_an_absent_field_sets_the_operand(kind: TransformKind) -> None:
    assert transformed(kind, 7, {}) == (7, 7)


@pytest.mark.parametrize(
    ("before", "operand", "expected"),
    [
        ([1, 2], [2, 3, 3], [1, 2, 3]),
        ([1], [1.0, True], [1, True]),
        ([math.nan], [math.nan], [math.nan]),
        ("text", [1], [1]),
        ([{"a": 1}], [{"a": 1.0}, {"a": 2}], [{"a": 1}, {"a": 2}]),
    ],
)
def test_append_missing__adds_what_is_not_there(
    before: Value, operand: Value, expected: Value
) -> None:
    value, result = transformed("appendMissingElements", operand, {"f": before})
    assert identical(value, expected)
    assert result is None


@pytest.mark.parametrize(
    ("before", "operand", "expected"),
    [
        ([1, 2, 1.0, True], [1], [2, True]),
        ([None, 3], [None], [3]),
        ("text", [1], []),
    ],
)
def test_remove_all__takes_every_equal_element(
    before: Value, operand: Value, expected: Value
) -> None:
    value, result = transformed("removeAllFromArray", operand, {"f": before})
    assert identical(value, expected)
    assert result is None


def test_transforms__come_after_the_update_and_in_order() -> None:
    write = Update(
        NAME,
        {"n": 10},
        None,
        (Transform(("n",), "increment", 1), Transform(("n",), "maximum", 50)),
    )
    document, result = perform(write, stored({"n": 99}), NOW_US)
    assert document is not None
    assert document.fields == {"n": 50}
    assert result.transforms == (11, 50)


def test_transforms__reach_into_maps() -> None:
    write = Update(NAME, {}, (), (Transform(("a", "b"), "increment", 1),))
    assert after(write, stored({"a": {"c": 1}})) == {"a": {"c": 1, "b": 1}}


def test_transforms__create_a_missing_document() -> None:
    assert after(Update(NAME, {}, (), (Transform(("n",), "increment", 1),)), None) == {"n": 1}


def test_transforms__need_a_number_where_numbers_are_meant() -> None:
    with pytest.raises(
        InvalidArgumentError, match=r'^Transform "increment" of "f" needs a number\.$'
    ):
        transformed("increment", "text", {})


def test_update__can_not_outgrow_the_limit() -> None:
    with pytest.raises(InvalidArgumentError, match=r"exceeds the maximum allowed size of"):
        perform(Update(NAME, {"b": "x" * 600_000}, (("b",),)), stored({"a": "x" * 600_000}), NOW_US)
