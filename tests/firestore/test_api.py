from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.exchange import Request
from emulator.firestore import Billed, Firestore
from emulator.kernel import Kernel

ROOT = "projects/demo-thrice/databases/(default)/documents"
ONE = {"fields": {"n": {"integerValue": "1"}}}
Ask = Callable[..., tuple[int, Any]]


def refused(code: int, status: str, message: str) -> tuple[int, object]:
    return code, {"error": {"code": code, "message": message, "status": status}}


# -- get -------------------------------------------------------------------------------------------


def test_get__returns_the_document(ask: Ask) -> None:
    ask("POST", "/users?documentId=u1", ONE)
    assert ask("GET", "/users/u1") == (
        200,
        {
            "name": f"{ROOT}/users/u1",
            "fields": {"n": {"integerValue": "1"}},
            "createTime": "2026-09-21T14:13:20.000000Z",
            "updateTime": "2026-09-21T14:13:20.000000Z",
        },
    )


def test_get__of_nothing_is_404(ask: Ask) -> None:
    assert ask("GET", "/users/u1") == refused(
        404, "NOT_FOUND", f'Document "{ROOT}/users/u1" not found.'
    )


def test_get__with_a_mask_returns_its_fields_only(ask: Ask) -> None:
    body = {"fields": {"a": {"integerValue": "1"}, "b": {"integerValue": "2"}}}
    ask("POST", "/users?documentId=u1", body)
    _, document = ask("GET", "/users/u1?mask.fieldPaths=b&mask.fieldPaths=c")
    assert document["fields"] == {"b": {"integerValue": "2"}}


def test_get__finds_ids_with_escaped_characters(ask: Ask, firestore: Firestore) -> None:
    ask("PATCH", "/users/m%3A1%20%E2%82%AC%0A", ONE)
    assert list(firestore.documents("users")) == ["m:1 €\n"]
    status, document = ask("GET", "/users/m%3a1%20%e2%82%ac%0a")
    assert status == 200
    assert document["name"] == f"{ROOT}/users/m:1 €\n"


# -- create ----------------------------------------------------------------------------------------


def test_create__of_a_known_id_is_409(ask: Ask) -> None:
    assert ask("POST", "/users?documentId=u1", ONE)[0] == 200
    assert ask("POST", "/users?documentId=u1", {}) == refused(
        409, "ALREADY_EXISTS", f"Document already exists: {ROOT}/users/u1"
    )
    assert ask("GET", "/users/u1")[1]["fields"] == ONE["fields"]


def test_create__without_an_id_draws_one(ask: Ask, firestore: Firestore) -> None:
    names = [ask("POST", "/users", {})[1]["name"] for _ in range(2)]
    assert len(set(names)) == 2
    assert all(len(name.rpartition("/")[2]) == 20 for name in names)
    assert firestore.count("users") == 2


def test_create__refuses_a_name_in_the_body(ask: Ask) -> None:
    assert ask("POST", "/users?documentId=u1", {"name": "x"}) == refused(
        400, "INVALID_ARGUMENT", "The name of the document to create must not be set."
    )


def test_create__refuses_an_impossible_id(ask: Ask) -> None:
    assert ask("POST", "/users?documentId=a%2Fb", {}) == refused(
        400, "INVALID_ARGUMENT", 'Resource id "a/b" is invalid.'
    )


# -- patch -----------------------------------------------------------------------------------------


def test_patch__without_a_mask_replaces(ask: Ask) -> None:
    ask("PATCH", "/users/u1", {"fields": {"a": {"integerValue": "1"}}})
    status, document = ask("PATCH", "/users/u1", {"fields": {"b": {"integerValue": "2"}}})
    assert status == 200
    assert document["fields"] == {"b": {"integerValue": "2"}}


def test_patch__with_a_mask_sets_and_removes(ask: Ask) -> None:
    before = {"a": {"integerValue": "1"}, "b": {"integerValue": "2"}, "c": {"integerValue": "3"}}
    ask("PATCH", "/users/u1", {"fields": before})
    _, document = ask(
        "PATCH",
        "/users/u1?updateMask.fieldPaths=a&updateMask.fieldPaths=b",
        {"fields": {"a": {"integerValue": "9"}, "c": {"integerValue": "9"}}},
    )
    assert document["fields"] == {"a": {"integerValue": "9"}, "c": {"integerValue": "3"}}


def test_patch__exists_true_needs_the_document(ask: Ask) -> None:
    assert ask("PATCH", "/users/u1?currentDocument.exists=true", {}) == refused(
        404, "NOT_FOUND", f"No document to update: {ROOT}/users/u1"
    )


def test_patch__exists_false_needs_its_absence(ask: Ask) -> None:
    assert ask("PATCH", "/users/u1?currentDocument.exists=false", {})[0] == 200
    assert ask("PATCH", "/users/u1?currentDocument.exists=false", {}) == refused(
        409, "ALREADY_EXISTS", f"Document already exists: {ROOT}/users/u1"
    )


def test_patch__update_time_guards_against_a_lost_update(ask: Ask) -> None:
    _, document = ask("PATCH", "/users/u1", {})
    guarded = f"/users/u1?currentDocument.updateTime={document['updateTime']}"
    assert ask("PATCH", guarded, ONE)[0] == 200
    assert ask("PATCH", guarded, {}) == refused(
        400,
        "FAILED_PRECONDITION",
        "the stored version (1790000000000001) does not match"
        " the required base version (1790000000000000)",
    )


# -- delete ----------------------------------------------------------------------------------------


def test_delete__succeeds_also_when_nothing_is_there(ask: Ask, firestore: Firestore) -> None:
    ask("PATCH", "/users/u1", {})
    assert ask("DELETE", "/users/u1") == (200, {})
    assert ask("DELETE", "/users/u1") == (200, {})
    assert firestore.count("users") == 0


def test_delete__exists_true_needs_the_document(ask: Ask) -> None:
    assert ask("DELETE", "/users/u1?currentDocument.exists=true")[0] == 404


# -- list ------------------------------------------------------------------------------------------


def test_list__of_nothing_is_an_empty_object(ask: Ask) -> None:
    assert ask("GET", "/users") == (200, {})


def test_list__pages_by_name(ask: Ask) -> None:
    for one in ("c", "a", "b"):
        ask("PATCH", f"/users/{one}", ONE)
    _, first = ask("GET", "/users?pageSize=2&mask.fieldPaths=x")
    assert [document["name"][-1] for document in first["documents"]] == ["a", "b"]
    assert "fields" not in first["documents"][0]
    _, rest = ask("GET", f"/users?pageSize=2&pageToken={first['nextPageToken']}")
    assert [document["name"][-1] for document in rest["documents"]] == ["c"]
    assert "nextPageToken" not in rest


def test_list__gives_twenty_unless_told_otherwise(ask: Ask) -> None:
    for at in range(25):
        ask("PATCH", f"/users/u{at}", {})
    assert len(ask("GET", "/users")[1]["documents"]) == 20


def test_list__of_a_subcollection(ask: Ask) -> None:
    ask("PATCH", "/users/u1/notes/n1", {})
    _, page = ask("GET", "/users/u1/notes")
    assert [document["name"] for document in page["documents"]] == [f"{ROOT}/users/u1/notes/n1"]


def test_list__in_another_order_is_refused_and_noted(ask: Ask, firestore: Firestore) -> None:
    assert ask("GET", "/users?orderBy=created") == refused(
        400,
        "INVALID_ARGUMENT",
        'orderBy "created" is not served here: documents are listed by __name__ only.',
    )
    assert [entry.name for entry in firestore.kernel.journal.entries("finding")] == ["unsupported"]


# -- commit ----------------------------------------------------------------------------------------


def test_commit__answers_results_and_time(ask: Ask) -> None:
    writes = [
        {
            "update": {"name": f"{ROOT}/users/u1", **ONE},
            "updateTransforms": [{"fieldPath": "n", "increment": {"integerValue": "2"}}],
        },
        {"delete": f"{ROOT}/users/u2"},
    ]
    assert ask("POST", ":commit", {"writes": writes}) == (
        200,
        {
            "writeResults": [
                {
                    "updateTime": "2026-09-21T14:13:20.000000Z",
                    "transformResults": [{"integerValue": "3"}],
                },
                {},
            ],
            "commitTime": "2026-09-21T14:13:20.000000Z",
        },
    )


def test_commit__that_fails_changes_nothing(ask: Ask, firestore: Firestore) -> None:
    ask("PATCH", "/users/u2", {})
    writes = [
        {"update": {"name": f"{ROOT}/users/u1"}},
        {"update": {"name": f"{ROOT}/users/u2"}, "currentDocument": {"exists": False}},
    ]
    assert ask("POST", ":commit", {"writes": writes})[0] == 409
    assert list(firestore.documents("users")) == ["u2"]


def test_commit__refuses_another_database(ask: Ask) -> None:
    status, answer = ask("POST", ":commit", {"writes": [{"delete": "projects/x/databases/y/d"}]})
    assert status == 400
    assert answer["error"]["status"] == "INVALID_ARGUMENT"


# -- batchGet --------------------------------------------------------------------------------------


def test_batch_get__answers_found_and_missing(ask: Ask) -> None:
    ask("PATCH", "/users/u1", ONE)
    names = [f"{ROOT}/users/u2", f"{ROOT}/users/u1", f"{ROOT}/users/u2"]
    status, rows = ask("POST", ":batchGet", {"documents": names, "mask": {"fieldPaths": ["n"]}})
    read_time = "2026-09-21T14:13:20.000000Z"
    assert status == 200
    assert rows[0] == {"missing": f"{ROOT}/users/u2", "readTime": read_time}
    assert rows[1]["found"]["fields"] == ONE["fields"]
    assert len(rows) == 2


def test_batch_get__error_is_inside_an_array(ask: Ask) -> None:
    status, rows = ask("POST", ":batchGet", {"documents": ["users/u1"]})
    assert status == 400
    assert rows == [
        {
            "error": {
                "code": 400,
                "message": 'Document name "users/u1" is not in the database'
                ' "projects/demo-thrice/databases/(default)".',
                "status": "INVALID_ARGUMENT",
            }
        }
    ]


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer  ", "Basic eDp5"])
def test_request__without_a_bearer_is_401(ask: Ask, token: str) -> None:
    status, answer = ask("GET", "/users/u1", token=token)
    assert status == 401
    assert answer["error"]["status"] == "UNAUTHENTICATED"


def test_request__takes_an_access_token_in_the_query(ask: Ask) -> None:
    assert ask("GET", "/users?access_token=x", token="")[0] == 200


def test_request__without_a_bearer_changes_nothing(ask: Ask, firestore: Firestore) -> None:
    ask("POST", "/users", {}, token="")
    assert firestore.count("users") == 0
    assert firestore.oplog.billed == Billed()


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/users/u1"), ("POST", "/users/u1"), ("GET", "https://firestore.googleapis.com/")],
)
def test_request__to_no_known_address_is_404_and_noted(
    ask: Ask, firestore: Firestore, method: str, path: str
) -> None:
    status, answer = ask(method, path)
    assert status == answer["error"]["code"] == 404
    assert [entry.name for entry in firestore.kernel.journal.entries("finding")] == [
        "unknown-route"
    ]


@pytest.mark.parametrize("verb", ["partitionQuery"])
def test_unserved_verb__is_501_and_noted(ask: Ask, firestore: Firestore, verb: str) -> None:
    assert ask("POST", f":{verb}", {}) == refused(
        501, "UNIMPLEMENTED", f"The method {verb} is not served here."
    )
    [entry] = firestore.kernel.journal.entries("finding")
    assert entry.name == "unsupported"
    assert entry.detail == {
        "service": "firestore",
        "verb": verb,
        "text": f"The method {verb} is not served here.",
    }


@pytest.mark.parametrize("verb", ["executePipeline", "listen"])
def test_unserved_stream__answers_inside_an_array(ask: Ask, verb: str) -> None:
    status, rows = ask("POST", f":{verb}", {})
    assert status == 501
    assert [row["error"]["status"] for row in rows] == ["UNIMPLEMENTED"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (":beginTransaction", {"options": {"readOnly": {}}}),
        (":batchGet", {"documents": [], "newTransaction": {"readOnly": {}}}),
        (":batchGet", {"documents": [], "readTime": "2026-09-21T14:13:20Z"}),
        (":runQuery", {"structuredQuery": {"from": [{"collectionId": "a"}], "findNearest": {}}}),
    ],
)
def test_unserved_part__is_501_and_noted(
    ask: Ask, firestore: Firestore, path: str, body: object
) -> None:
    assert ask("POST", path, body)[0] == 501
    assert [entry.name for entry in firestore.kernel.journal.entries("finding")] == ["unsupported"]


def test_body__beyond_ten_mebibytes_is_refused(ask: Ask) -> None:
    assert ask("PATCH", "/users/u1", b" " * (10 * 1024 * 1024 + 1)) == refused(
        400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 10485760 bytes."
    )


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "writes",
                    "update",
                    "delete",
                    "name",
                    "fields",
                    "a",
                    "documents",
                    "mask",
                    "fieldPaths",
                    "stringValue",
                    "arrayValue",
                    "mapValue",
                    "values",
                    "transform",
                    "updateMask",
                    "currentDocument",
                    "exists",
                ]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"]),
    path=st.sampled_from(["/a", "/a/b", ":commit", ":batchGet", "/a?documentId=b", "//", "/a/%FF"]),
    body=json_like | st.binary(max_size=20),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_request__is_answered_and_its_access_known(
    request_for: Callable[..., Request], method: str, path: str, body: object
) -> None:
    firestore = Firestore(Kernel())
    request = request_for(method, path, body)
    firestore.access(request)
    assert firestore.handle(request).status in (200, 400, 404)


# -- log and bill ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "billed"),
    [
        ("GET", "/users/u1", None, Billed(reads=1)),
        ("GET", "/users/missing", None, Billed(reads=1)),
        ("GET", "/users", None, Billed(reads=2)),
        ("GET", "/empty", None, Billed(reads=1)),
        ("POST", "/users", {}, Billed(writes=1)),
        ("POST", "/users?documentId=u1", {}, Billed()),
        ("PATCH", "/users/u1", ONE, Billed(writes=1)),
        ("PATCH", "/users/u1", {"x": 1}, Billed()),
        ("DELETE", "/users/u1", None, Billed(deletes=1)),
        (
            "POST",
            ":batchGet",
            {"documents": [f"{ROOT}/users/u1", f"{ROOT}/users/missing"]},
            Billed(reads=2),
        ),
        (
            "POST",
            ":commit",
            {
                "writes": [
                    {"update": {"name": f"{ROOT}/users/u3"}},
                    {"delete": f"{ROOT}/users/u1"},
                ]
            },
            Billed(writes=1, deletes=1),
        ),
    ],
)
def test_billing__per_request(
    ask: Ask, firestore: Firestore, method: str, path: str, body: object, billed: Billed
) -> None:
    firestore.put("users/u1", {"n": 1})
    firestore.put("users/u2", {"n": 1})
    ask(method, path, body)
    assert firestore.oplog.billed == billed


def test_log__has_a_row_per_request(ask: Ask, firestore: Firestore) -> None:
    ask("POST", "/users?documentId=u1", {})
    ask("POST", "/users?documentId=u1", {})
    rows = [(row.verb, row.paths, row.result, row.caller) for row in firestore.oplog.rows]
    assert rows == [
        ("create", (f"{ROOT}/users/u1",), "OK", ""),
        ("create", (f"{ROOT}/users/u1",), "ALREADY_EXISTS", ""),
    ]
