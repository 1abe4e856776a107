import gc
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from emulator.call import Access, Call
from emulator.errors import ScenarioError
from emulator.exchange import Reply, Request
from emulator.firestore import Firestore, Precondition, Update
from emulator.firestore.oplog import KEEP_OPERATIONS
from emulator.kernel import Kernel

ROOT = "projects/demo-thrice/databases/(default)/documents"
OTHER = "https://firestore.googleapis.com/v1/projects/other/databases/(default)/documents"
Ask = Callable[..., tuple[int, Any]]
RequestFor = Callable[..., Request]
CallFor = Callable[[Request, str], Call]


# -- the service -----------------------------------------------------------------------------------


def test_claims__its_origins_and_no_others() -> None:
    firestore = Firestore(Kernel(), origins=["http://127.0.0.1:8080/"])
    for url, claimed in (
        ("https://firestore.googleapis.com/v1/x", True),
        ("https://firestore.googleapis.com:443/v1/x", True),
        ("http://127.0.0.1:8080/v1/x", True),
        ("http://firestore.googleapis.com/v1/x", False),
        ("https://qstash.upstash.io/v2/publish", False),
    ):
        assert firestore.claims(Request("GET", url)) is claimed


def keys(*paths: str) -> frozenset[str]:
    return frozenset(f"firestore:{path}" for path in paths)


@pytest.mark.parametrize(
    ("method", "path", "body", "access"),
    [
        ("GET", "/users/u1", None, Access("get", reads=keys("users/u1"))),
        ("GET", "/users", None, Access("list", reads=keys("users/*", "users/u0"))),
        ("GET", "/none", None, Access("list", reads=keys("none/*"))),
        (
            "POST",
            "/users?documentId=u1",
            {},
            Access("create", writes=keys("users/u1", "users/*")),
        ),
        ("POST", "/users", {}, Access("create", writes=keys("users/*"))),
        ("PATCH", "/users/u1", {}, Access("patch", writes=keys("users/u1", "users/*"))),
        (
            "PATCH",
            "/users/u1?currentDocument.exists=true",
            {},
            Access("patch", writes=keys("users/u1")),
        ),
        (
            "PATCH",
            "/users/u1?currentDocument.updateTime=2026-09-21T14:13:20Z",
            {},
            Access("patch", writes=keys("users/u1")),
        ),
        ("DELETE", "/users/u1", None, Access("delete", writes=keys("users/u1", "users/*"))),
        (
            "POST",
            ":commit",
            {
                "writes": [
                    {"update": {"name": f"{ROOT}/a/b"}, "currentDocument": {"exists": True}},
                    {"update": {"name": f"{ROOT}/c/d/e/f"}, "currentDocument": {"exists": False}},
                    {"delete": f"{ROOT}/g/h"},
                ]
            },
            Access("commit", writes=keys("a/b", "c/d/e/f", "c/d/e/*", "g/h", "g/*")),
        ),
        (
            "POST",
            ":batchGet",
            {"documents": [f"{ROOT}/a/b", f"{ROOT}/a/c"]},
            Access("batchGet", reads=keys("a/b", "a/c")),
        ),
        ("POST", ":runQuery", {}, Access("runQuery")),
        ("POST", ":commit", b"{", Access("invalid")),
        ("PUT", "/users/u1", None, Access("unknown")),
    ],
)
def test_access__names_what_a_request_touches(
    firestore: Firestore,
    request_for: RequestFor,
    method: str,
    path: str,
    body: object,
    access: Access,
) -> None:
    firestore.put("users/u0", {})
    assert firestore.access(request_for(method, path, body)) == access


def test_access__changes_and_logs_nothing(firestore: Firestore, request_for: RequestFor) -> None:
    firestore.access(request_for("POST", "/users?documentId=u1", {}))
    assert firestore.count("users") == 0
    assert firestore.oplog.count == 0


def test_answer__logs_instance_and_invocation(
    firestore: Firestore, request_for: RequestFor, call_for: CallFor
) -> None:
    reply = firestore.answer(call_for(request_for("PATCH", "/users/u1", {}), "u0.w1#2"))
    assert isinstance(reply, Reply)
    assert reply.ok
    [row] = firestore.oplog.rows
    assert (row.instance, row.caller, row.verb) == ("i0", "u0.w1", "patch")


def test_answer__a_finding_names_its_cause(
    firestore: Firestore, request_for: RequestFor, call_for: CallFor
) -> None:
    firestore.answer(call_for(request_for("POST", ":partitionQuery", {}), "u0.w1#2"))
    [entry] = firestore.kernel.journal.entries("finding")
    assert (entry.name, entry.cause, entry.roots, entry.generation, entry.instance) == (
        "unsupported",
        7,
        ("u0",),
        1,
        "i0",
    )


def test_automatic_ids__depend_on_the_caller_and_not_on_the_order(
    request_for: RequestFor, call_for: CallFor
) -> None:
    created: list[dict[str, int]] = []
    for order in (("u0.w0#0", "u0.w1#0"), ("u0.w1#0", "u0.w0#0")):
        firestore = Firestore(Kernel(seed=7))
        for name in order:
            firestore.answer(call_for(request_for("POST", "/users", {}), name))
        created.append(dict.fromkeys(firestore.documents("users"), 0))
    assert created[0] == created[1]
    assert list(created[0]) == list(created[1])[::-1]


# -- for harness and tests -------------------------------------------------------------------------


def test_put__is_seen_by_the_bot_and_costs_nothing(ask: Ask, firestore: Firestore) -> None:
    at = datetime(2026, 9, 21, tzinfo=UTC)
    firestore.put("users/u1", {"at": at, "tags": ["a"]})
    assert firestore.oplog.count == 0
    _, document = ask("GET", "/users/u1")
    assert document["fields"] == {
        "at": {"timestampValue": "2026-09-21T00:00:00.000000Z"},
        "tags": {"arrayValue": {"values": [{"stringValue": "a"}]}},
    }


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("users", {}, r"^users names a collection, not a document$"),
        ("users/", {}, r"^users/ can not be stored: Resource id is empty\.$"),
        ("users/u1", {"a": {1}}, r"^users/u1\.a is a set, which Firestore can not store$"),
        ("users/u1", {"": 1}, r"^users/u1 can not be stored: Field name has 0 bytes; 1 to 1,5"),
    ],
)
def test_put__refuses(
    firestore: Firestore, path: str, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        firestore.put(path, fields)


def test_documents__are_plain_copies(ask: Ask, firestore: Firestore) -> None:
    ask("PATCH", "/users/u1", {"fields": {"n": {"integerValue": "1"}}})
    firestore.documents("users")["u1"]["n"] = 99
    assert firestore.documents("users") == {"u1": {"n": 1}}
    assert firestore.documents("nobody") == {}


def test_created_since__sees_what_came_after_the_mark(ask: Ask, firestore: Firestore) -> None:
    firestore.put("users/old", {})
    mark = firestore.mark()
    ask("PATCH", "/users/old", {"fields": {"n": {"integerValue": "1"}}})
    ask("POST", "/users?documentId=new", {})
    ask("POST", "/users?documentId=gone", {})
    ask("DELETE", "/users/gone")
    assert firestore.created_since(mark, "users") == ["new"]
    assert firestore.created_since(firestore.mark(), "users") == []


def test_databases__the_one_in_use_is_meant(ask: Ask, firestore: Firestore) -> None:
    ask("PATCH", OTHER + "/users/u1", {})
    assert firestore.count("users") == 1
    assert firestore.count("users", database="projects/demo-thrice/databases/(default)") == 0


def test_databases__none_in_use_means_the_project(firestore: Firestore) -> None:
    firestore.put("users/u1", {})
    assert list(firestore.databases) == ["projects/demo-thrice/databases/(default)"]


def test_databases__several_in_use_must_be_named(ask: Ask, firestore: Firestore) -> None:
    firestore.put("users/u1", {})
    ask("GET", OTHER + "/users/u1")
    with pytest.raises(
        ScenarioError,
        match=r"^firestore has 2 databases in use \(projects/demo-thrice/databases/\(default\),"
        r" projects/other/databases/\(default\)\): say which one with database=$",
    ):
        firestore.count("users")
    assert firestore.count("users", database="projects/other/databases/(default)") == 0


def function_calls(action: Callable[[], object]) -> int:
    """How many functions an action calls, directly or not: its cost, but without a clock."""
    count = 0

    def on_event(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    gc.disable()  # its callbacks would be counted
    sys.setprofile(on_event)
    try:
        action()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


def create(at: int) -> Update:
    return Update(f"{ROOT}/users/u{at:05}", {"n": at}, condition=Precondition(exists=False))


def test_requests__cost_the_same_after_twenty_thousand_commits(
    firestore: Firestore, request_for: RequestFor
) -> None:
    def costs(name: str) -> list[int]:
        requests = [
            request_for("POST", f"/users?documentId={name}", {}),
            request_for("POST", f"/users?documentId={name}", {}),
            request_for("GET", f"/users/{name}"),
            request_for("GET", "/users?pageSize=5"),
            request_for("DELETE", f"/users/{name}"),
        ]
        return [function_calls(partial(firestore.handle, request)) for request in requests]

    for at in range(10):
        firestore.store.commit([create(at)])
    costs("first")
    early = costs("early")
    for at in range(10, 20_010):
        firestore.store.commit([create(at)])
    late = costs("after")
    mark = firestore.mark()
    firestore.store.commit([create(99_999)])
    assert late == early
    assert function_calls(lambda: firestore.created_since(mark, "users")) < 20
    assert function_calls(lambda: firestore.count("users")) < 20


def test_firestore__keeps_documents_and_a_bounded_log(
    firestore: Firestore, request_for: RequestFor
) -> None:
    request = request_for("PATCH", "/users/u1?currentDocument.exists=true", {})
    firestore.put("users/u1", {})
    for _ in range(KEEP_OPERATIONS + 500):
        firestore.handle(request)
    assert len(firestore.oplog.rows) == KEEP_OPERATIONS
    assert firestore.oplog.billed.writes == KEEP_OPERATIONS + 500
    assert len(firestore.store) == 1
    assert len(firestore.kernel.journal) == 0
