import pytest

from emulator.firestore.errors import AlreadyExistsError, InvalidArgumentError
from emulator.firestore.proto_json import JSONObject
from emulator.firestore.store import Committed
from emulator.firestore.values import Timestamp
from emulator.firestore.wire import (
    committed_to_json,
    document_to_json,
    error_to_json,
    writes_from_json,
    written_names,
)
from emulator.firestore.writes import (
    Delete,
    Document,
    Precondition,
    Transform,
    Update,
    Write,
    WriteResult,
)

DATABASE = "projects/p/databases/(default)"
NAME = DATABASE + "/documents/users/u1"


def test_document__carries_name_fields_and_times() -> None:
    assert document_to_json(Document(NAME, {"a": {"b": 1, "c": 2}}, 0, 1), [("a", "b")]) == {
        "name": NAME,
        "fields": {"a": {"mapValue": {"fields": {"b": {"integerValue": "1"}}}}},
        "createTime": "1970-01-01T00:00:00.000000Z",
        "updateTime": "1970-01-01T00:00:00.000001Z",
    }


def test_document__without_fields_has_no_fields_member() -> None:
    assert "fields" not in document_to_json(Document(NAME, {}, 0, 0))


def test_committed__has_one_result_per_write() -> None:
    results = (WriteResult(5, (Timestamp(5), None)), WriteResult(None), WriteResult(7))
    assert committed_to_json(Committed(results, 7)) == {
        "writeResults": [
            {
                "updateTime": "1970-01-01T00:00:00.000005Z",
                "transformResults": [
                    {"timestampValue": "1970-01-01T00:00:00.000005Z"},
                    {"nullValue": None},
                ],
            },
            {},
            {"updateTime": "1970-01-01T00:00:00.000007Z"},
        ],
        "commitTime": "1970-01-01T00:00:00.000007Z",
    }


def test_committed__of_nothing_has_only_a_time() -> None:
    assert committed_to_json(Committed((), 7)) == {"commitTime": "1970-01-01T00:00:00.000007Z"}


def test_error__has_code_message_and_status() -> None:
    assert error_to_json(AlreadyExistsError("there")) == {
        "error": {"code": 409, "message": "there", "status": "ALREADY_EXISTS"}
    }


@pytest.mark.parametrize(
    ("raw", "write"),
    [
        (
            {"update": {"name": NAME, "fields": {"a": {"nullValue": None}}}},
            Update(NAME, {"a": None}),
        ),
        ({"update": {"name": NAME}, "updateMask": {}}, Update(NAME, {}, ())),
        (
            {"update": {"name": NAME}, "update_mask": {"field_paths": ["a.b", "`x.y`"]}},
            Update(NAME, {}, (("a", "b"), ("x.y",))),
        ),
        ({"delete": NAME}, Delete(NAME)),
        (
            {"delete": NAME, "currentDocument": {"updateTime": "1970-01-01T00:00:00.000005Z"}},
            Delete(NAME, Precondition(updated_us=5)),
        ),
        (
            {
                "update": {"name": NAME},
                "updateTransforms": [
                    {"fieldPath": "t", "setToServerValue": "REQUEST_TIME"},
                    {"fieldPath": "n", "increment": {"integerValue": "1"}},
                    {"fieldPath": "m", "minimum": {"doubleValue": 1.5}},
                    {
                        "fieldPath": "l",
                        "appendMissingElements": {"values": [{"stringValue": "a"}]},
                    },
                    {"fieldPath": "r", "removeAllFromArray": {}},
                ],
                "currentDocument": {"exists": False},
            },
            Update(
                NAME,
                {},
                None,
                (
                    Transform(("t",), "setToServerValue"),
                    Transform(("n",), "increment", 1),
                    Transform(("m",), "minimum", 1.5),
                    Transform(("l",), "appendMissingElements", ["a"]),
                    Transform(("r",), "removeAllFromArray", []),
                ),
                Precondition(exists=False),
            ),
        ),
        (
            {
                "transform": {
                    "document": NAME,
                    "fieldTransforms": [{"fieldPath": "n", "maximum": {"integerValue": "1"}}],
                }
            },
            Update(NAME, {}, (), (Transform(("n",), "maximum", 1),)),
        ),
    ],
)
def test_write__is_read(raw: JSONObject, write: Write) -> None:
    assert writes_from_json([raw], DATABASE) == [write]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("x", r"Invalid value at 'writes\[0\]' \(MESSAGE\), \"x\""),
        ({}, r"Invalid value at 'writes\[0\]': one of update, delete, .* must be set, not none\."),
        (
            {"update": {"name": NAME}, "delete": NAME},
            r"Invalid value at 'writes\[0\]': one of .* must be set, not update, delete\.",
        ),
        ({"verify": NAME}, r'Invalid JSON payload received\. Unknown name "verify" at .*'),
        ({"update": {"fields": {}}}, r"Invalid value at 'writes\[0\]\.update\.name' .*, null"),
        ({"delete": "users/u1"}, r'Document name "users/u1" is not in the database .*'),
        (
            {"delete": "projects/q/databases/(default)/documents/users/u1"},
            r'Document name "projects/q/.*" is not in the database "projects/p/.*"\.',
        ),
        (
            {"delete": NAME, "updateMask": {"fieldPaths": ["a"]}},
            r"Invalid value at 'writes\[0\]': updateMask needs an update\.",
        ),
        (
            {"update": {"name": NAME}, "currentDocument": {"exists": "yes"}},
            r"Invalid value at 'writes\[0\]\.current_document\.exists' \(TYPE_BOOL\), \"yes\"",
        ),
        (
            {"update": {"name": NAME}, "updateMask": {"fieldPaths": "a"}},
            r"Invalid value at 'writes\[0\]\.update_mask\.field_paths' \(LIST\), \"a\"",
        ),
        (
            {"update": {"name": NAME}, "updateTransforms": [{"fieldPath": "n"}]},
            r"Invalid value at 'writes\[0\]\.update_transforms\[0\]': one kind of transform must.*",
        ),
        (
            {
                "update": {"name": NAME},
                "updateTransforms": [{"fieldPath": "n", "increment": {"stringValue": "1"}}],
            },
            r"Invalid value at 'writes\[0\]\.update_transforms\[0\]\.increment': must be an int.*",
        ),
        (
            {
                "update": {"name": NAME},
                "updateTransforms": [{"fieldPath": "n", "setToServerValue": "NOW"}],
            },
            r"Invalid value at '.*\.setToServerValue' \(SERVER_VALUE\), \"NOW\"",
        ),
    ],
)
def test_write__refuses_what_is_none(raw: object, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{message}$"):
        writes_from_json([raw], DATABASE)


def test_written_names__tells_who_may_come_or_go() -> None:
    must = {"exists": True}
    writes = [
        {"update": {"name": "a"}},
        {"update": {"name": "b"}, "currentDocument": must},
        {"update": {"name": "c"}, "currentDocument": {"updateTime": "x"}},
        {"delete": "d", "currentDocument": must},
        {"transform": {"document": "e"}, "currentDocument": {"exists": False}},
    ]
    expected = [("a", True), ("b", False), ("c", False), ("d", True), ("e", True)]
    assert written_names({"writes": writes}) == expected


@pytest.mark.parametrize(
    "body", [{}, {"writes": 5}, {"writes": [None, {"update": 7}, {"delete": []}]}]
)
def test_written_names__never_raises(body: JSONObject) -> None:
    assert written_names(body) == []
