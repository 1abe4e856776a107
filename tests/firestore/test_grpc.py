"""Firestore over gRPC: the same requests and answers as over REST, and what is not served."""

import builtins
import json
from collections.abc import Callable
from typing import Any

import pytest
from google.cloud.firestore_v1.types import document
from google.cloud.firestore_v1.types import firestore as types
from google.protobuf.json_format import ParseDict

from emulator.call import Access, Call
from emulator.exchange import Blocked, Reply, Request
from emulator.firestore import Firestore
from emulator.firestore.transcoding import rest_request
from emulator.grpc import as_grpc, framed, messages_of
from emulator.journal import Entry

CallFor = Callable[[Request, str], Call]
DATABASE = "projects/demo-thrice/databases/(default)"
ROOT = f"{DATABASE}/documents"
SERVICE = "/google.firestore.v1.Firestore"
ORIGIN = "https://firestore.googleapis.com"
HEADERS = (("authorization", "Bearer owner"), ("content-type", "application/grpc"))


def grpc_call(method: str, read: dict[str, Any], *more: tuple[str, str]) -> Request:
    """A call with this message, in proto3 JSON."""
    kind = getattr(types, f"{method}Request").pb()
    body = framed([ParseDict(read, kind()).SerializeToString()])
    return Request("POST", f"{ORIGIN}{SERVICE}/{method}", (*HEADERS, *more), body)


def told(request: Request, reply: Reply, kind: Any) -> list[Any]:
    """The messages that a client gets."""
    answer = as_grpc(reply, request)
    assert answer.header("grpc-status") == "0"
    return [kind.pb().FromString(message) for message in messages_of(answer.body)]


def findings(fake: Firestore) -> list[tuple[str, object]]:
    entries: list[Entry] = list(fake.kernel.journal.entries("finding"))
    return [(entry.name, entry.detail["text"]) for entry in entries]


PATH = f"{ORIGIN}/v1/projects/demo-thrice/databases/%28default%29/documents"


@pytest.mark.parametrize(
    ("method", "read", "verb", "url", "body"),
    [
        (
            "GetDocument",
            {"name": f"{ROOT}/a/b:c d", "mask": {"fieldPaths": ["x", "`y z`"]}},
            "GET",
            f"{PATH}/a/b%3Ac%20d?mask.fieldPaths=x&mask.fieldPaths=%60y+z%60",
            None,
        ),
        (
            "ListDocuments",
            {"parent": ROOT, "collectionId": "a", "pageSize": 3, "showMissing": True},
            "GET",
            f"{PATH}/a?pageSize=3&showMissing=true",
            None,
        ),
        (
            "CreateDocument",
            {"parent": ROOT, "collectionId": "a", "documentId": "b", "document": {"fields": {}}},
            "POST",
            f"{PATH}/a?documentId=b",
            {},
        ),
        (
            "UpdateDocument",
            {
                "document": {"name": f"{ROOT}/a/b", "fields": {"x": {"integerValue": "1"}}},
                "updateMask": {"fieldPaths": ["x"]},
                "currentDocument": {"exists": True},
            },
            "PATCH",
            f"{PATH}/a/b?updateMask.fieldPaths=x&currentDocument.exists=true",
            {"name": f"{ROOT}/a/b", "fields": {"x": {"integerValue": "1"}}},
        ),
        ("DeleteDocument", {"name": f"{ROOT}/a/b"}, "DELETE", f"{PATH}/a/b", None),
        (
            "BatchGetDocuments",
            {"database": DATABASE, "documents": [f"{ROOT}/a/b"]},
            "POST",
            f"{PATH}:batchGet",
            {"documents": [f"{ROOT}/a/b"]},
        ),
        (
            "RunQuery",
            {"parent": f"{ROOT}/a/b", "structuredQuery": {"limit": 1}},
            "POST",
            f"{PATH}/a/b:runQuery",
            {"structuredQuery": {"limit": 1}},
        ),
        ("Rollback", {"database": DATABASE}, "POST", f"{PATH}:rollback", {}),
    ],
)
def test_call__is_the_request_that_rest_has_for_it(
    method: str, read: dict[str, Any], verb: str, url: str, body: object
) -> None:
    request = rest_request(grpc_call(method, read))
    sent = json.loads(request.body) if request.body else None
    assert (request.method, request.url, sent) == (verb, url, body)
    assert request.headers == HEADERS


def test_answers__are_the_messages_of_the_method(firestore: Firestore) -> None:
    written = {"update": {"name": f"{ROOT}/a/b", "fields": {"x": {"stringValue": "§"}}}}
    commit = grpc_call("Commit", {"database": DATABASE, "writes": [written]})
    [committed] = told(commit, firestore.handle(commit), types.CommitResponse)
    assert len(committed.write_results) == 1
    get = grpc_call(
        "BatchGetDocuments", {"database": DATABASE, "documents": [f"{ROOT}/a/b", f"{ROOT}/a/no"]}
    )
    found, missing = told(get, firestore.handle(get), types.BatchGetDocumentsResponse)
    assert found.found.fields["x"].string_value == "§"
    assert found.found.update_time == committed.commit_time
    assert missing.missing == f"{ROOT}/a/no"
    one = grpc_call("GetDocument", {"name": f"{ROOT}/a/b"})
    assert told(one, firestore.handle(one), document.Document) == [found.found]
    delete = grpc_call("DeleteDocument", {"name": f"{ROOT}/a/b"})
    assert messages_of(as_grpc(firestore.handle(delete), delete).body) == [b""]


def test_error__is_that_of_rest_until_it_goes_out(firestore: Firestore) -> None:
    request = grpc_call("GetDocument", {"name": f"{ROOT}/a/b"})
    reply = firestore.handle(request)
    assert (reply.status, json.loads(reply.body)["error"]["status"]) == (404, "NOT_FOUND")
    answer = as_grpc(reply, request)
    assert answer.headers == (
        ("content-type", "application/grpc"),
        ("grpc-status", "5"),
        ("grpc-message", f'Document "{ROOT}/a/b" not found.'),
    )


def test_access__is_that_of_rest(firestore: Firestore) -> None:
    request = grpc_call("BatchGetDocuments", {"database": DATABASE, "documents": [f"{ROOT}/a/b"]})
    assert firestore.access(request) == Access("batchGet", reads=frozenset({"firestore:a/b"}))


def test_fields__come_in_one_order_only(firestore: Firestore) -> None:
    fields = {name: {"integerValue": "1"} for name in "zebra"}
    fields["map"] = {"mapValue": {"fields": fields.copy()}}  # type: ignore[dict-item]
    written = {"update": {"name": f"{ROOT}/a/b", "fields": fields}}
    firestore.handle(grpc_call("Commit", {"database": DATABASE, "writes": [written]}))
    kept = firestore.documents("a")["b"]
    assert list(kept) == sorted(kept)
    inner = kept["map"]
    assert isinstance(inner, dict)
    assert list(inner) == sorted(inner)


def test_method_that_is_not_there__is_noted(firestore: Firestore) -> None:
    request = Request("POST", f"{ORIGIN}{SERVICE}/Fly", HEADERS, framed([b""]))
    reply = firestore.handle(request)
    assert as_grpc(reply, request).header("grpc-status") == "12"
    assert findings(firestore) == [("unknown-route", f"Method not found: {SERVICE}/Fly")]
    assert firestore.access(request) == Access("invalid")


def test_compressed_message__is_noted(firestore: Firestore) -> None:
    request = Request("POST", f"{ORIGIN}{SERVICE}/Commit", HEADERS, b"\1\0\0\0\0")
    assert as_grpc(firestore.handle(request), request).header("grpc-status") == "12"
    said = "Compressed messages are not served here; send them plain."
    assert findings(firestore) == [("unsupported", said)]


@pytest.mark.parametrize("body", [framed([b"\xff\xff"]), framed([]), b"\0\0\0\0\x09x"])
def test_body_that_makes_no_sense__is_refused(firestore: Firestore, body: bytes) -> None:
    request = Request("POST", f"{ORIGIN}{SERVICE}/Commit", HEADERS, body)
    assert as_grpc(firestore.handle(request), request).header("grpc-status") == "3"
    assert findings(firestore) == []


def test_missing_package__is_named(firestore: Firestore, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "emulator.firestore" and rest[2] == ("protos",):
            raise ImportError("No module named 'google'")
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    request = Request("POST", f"{ORIGIN}{SERVICE}/Commit", HEADERS, framed([b"\x0a\x01x"]))
    said = (
        "Firestore over gRPC needs Google's package: pip install 'thrice[firestore]'"
        " (No module named 'google')"
    )
    answer = as_grpc(firestore.handle(request), request)
    assert (answer.header("grpc-status"), answer.header("grpc-message")) == ("12", said)
    assert findings(firestore) == [("unsupported", said)]


# -- listening


def listen(*more: tuple[str, str], **read: Any) -> Request:
    headers = (("thrice-stream", "1.1"), *more)
    return grpc_call("Listen", {"database": DATABASE, **read}, *headers)


POLL = listen(("thrice-poll", "1"))


def changes(answer: object) -> list[str]:
    """What a listener is told, in short."""
    assert isinstance(answer, Reply)
    short = []
    for one in json.loads(answer.body):
        [(kind, content)] = one.items()
        if kind == "targetChange":
            short.append(content["targetChangeType"])
        else:
            name = content["document"]
            name = name if isinstance(name, str) else name["name"]
            short.append(f"{kind} {name.removeprefix(ROOT)}")
    return short


QUERY = {
    "parent": ROOT,
    "structuredQuery": {
        "from": [{"collectionId": "a"}],
        "where": {
            "fieldFilter": {
                "field": {"fieldPath": "n"},
                "op": "LESS_THAN",
                "value": {"integerValue": "5"},
            }
        },
    },
}


def listening(fake: Firestore, call_for: CallFor, target: dict[str, Any]) -> list[str]:
    asked = listen(addTarget={"targetId": 7, **target})
    return changes(fake.answer(call_for(asked, "u0.w0#0")))


def wait(fake: Firestore, call_for: CallFor) -> list[str]:
    """Ask for news, of which there are none yet; returns what comes when there are."""
    woken: list[str] = []
    blocked = fake.answer(call_for(POLL, "u0.w0#1"))
    assert isinstance(blocked, Blocked)
    blocked.wake = lambda: woken.append("now")
    return woken


def test_target__begins_with_what_is_there(firestore: Firestore, call_for: CallFor) -> None:
    firestore.put("a/1", {"n": 1})
    firestore.put("a/9", {"n": 9})
    assert listening(firestore, call_for, {"query": QUERY}) == [
        *("ADD", "documentChange /a/1", "CURRENT", "NO_CHANGE")
    ]
    assert listening(firestore, call_for, {"documents": {"documents": [f"{ROOT}/b/c"]}}) == [
        *("ADD", "documentDelete /b/c", "CURRENT", "NO_CHANGE")
    ]
    assert firestore.oplog.billed.reads == 2


def test_target_that_is_resumed__begins_anew(firestore: Firestore, call_for: CallFor) -> None:
    told = listening(firestore, call_for, {"query": QUERY, "resumeToken": "AAAA"})
    assert told == ["ADD", "RESET", "CURRENT", "NO_CHANGE"]


def test_news__wake_whoever_waits_for_them(firestore: Firestore, call_for: CallFor) -> None:
    listening(firestore, call_for, {"query": QUERY})
    woken = wait(firestore, call_for)
    firestore.put("other/1", {"n": 1})
    assert woken == []
    firestore.put("a/1", {"n": 1})
    assert woken == ["now"]
    told = changes(firestore.answer(call_for(POLL, "u0.w0#1")))
    assert told == ["documentChange /a/1", "NO_CHANGE"]
    woken = wait(firestore, call_for)
    firestore.put("a/1", {"n": 6})
    assert woken == ["now"]
    told = changes(firestore.answer(call_for(POLL, "u0.w0#1")))
    assert told == ["documentRemove /a/1", "NO_CHANGE"]


def test_news_between_two_questions__are_not_missed(
    firestore: Firestore, call_for: CallFor
) -> None:
    listening(firestore, call_for, {"query": QUERY})
    firestore.put("a/1", {"n": 1})
    told = changes(firestore.answer(call_for(POLL, "u0.w0#1")))
    assert told == ["documentChange /a/1", "NO_CHANGE"]


def test_write_that_changes_nothing_for_it__leaves_a_listener_waiting(
    firestore: Firestore, call_for: CallFor
) -> None:
    listening(firestore, call_for, {"query": QUERY})
    wait(firestore, call_for)
    firestore.put("a/1", {"n": 9})
    assert isinstance(firestore.answer(call_for(POLL, "u0.w0#1")), Blocked)


def test_target_that_is_taken_back__brings_no_news(firestore: Firestore, call_for: CallFor) -> None:
    listening(firestore, call_for, {"query": QUERY})
    assert changes(firestore.answer(call_for(listen(removeTarget=7), "u0.w0#2"))) == ["REMOVE"]
    woken = wait(firestore, call_for)
    firestore.put("a/1", {"n": 1})
    assert woken == []


def test_target_for_once__ends_by_itself(firestore: Firestore, call_for: CallFor) -> None:
    told = listening(firestore, call_for, {"query": QUERY, "once": True})
    assert told == ["ADD", "CURRENT", "REMOVE", "NO_CHANGE"]


def test_target_that_makes_no_sense__is_removed_with_its_cause(
    firestore: Firestore, call_for: CallFor
) -> None:
    asked = listen(addTarget={"targetId": 7, "query": {"parent": ROOT, "structuredQuery": {}}})
    reply = firestore.answer(call_for(asked, "u0.w0#0"))
    assert isinstance(reply, Reply)
    [row] = json.loads(reply.body)
    assert row["targetChange"]["targetChangeType"] == "REMOVE"
    assert row["targetChange"]["cause"]["code"] == 3


def test_access__of_a_listener_is_whatever_it_may_be_told(
    firestore: Firestore, call_for: CallFor
) -> None:
    firestore.put("a/9", {"n": 9})
    wanted = Access("listen", reads=frozenset({"firestore:a/*", "firestore:a/9"}))
    assert firestore.access(listen(addTarget={"targetId": 7, "query": QUERY})) == wanted
    listening(firestore, call_for, {"query": QUERY})
    assert firestore.access(POLL) == wanted
