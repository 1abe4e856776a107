"""Transactions and queries over the REST surface."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from emulator.call import Call
from emulator.exchange import Blocked, Request
from emulator.firestore import Billed, Firestore
from emulator.firestore.transactions import LOCK_TIMEOUT
from emulator.kernel import Kernel

ROOT = "projects/demo-thrice/databases/(default)/documents"
DOC = f"{ROOT}/seen/m1"
WRITE = {"update": {"name": DOC, "fields": {"n": {"integerValue": "1"}}}}
NOW = "2026-09-21T14:13:20.000000Z"
Ask = Callable[..., tuple[int, Any]]
RequestFor = Callable[..., Request]
CallFor = Callable[[Request, str], Call]


def refused(code: int, status: str, message: str) -> dict[str, object]:
    return {"error": {"code": code, "message": message, "status": status}}


def begin(ask: Ask, **options: object) -> str:
    status, answer = ask("POST", ":beginTransaction", {"options": {"readWrite": options}})
    assert status == 200
    id_: str = answer["transaction"]
    return id_


def test_begin__gives_an_id_in_base64(ask: Ask) -> None:
    first, second = begin(ask), begin(ask)

    assert first != second
    assert len(first) == 32


def test_begin__needs_no_options(ask: Ask) -> None:
    assert set(ask("POST", ":beginTransaction")[1]) == {"transaction"}


def test_begin__id_depends_on_the_seed_and_the_cause_only(
    request_for: Callable[..., Request],
) -> None:
    request = request_for("POST", ":beginTransaction", {})
    bodies = {seed: Firestore(Kernel(seed=seed)).handle(request).body for seed in (1, 2)}

    assert Firestore(Kernel(seed=1)).handle(request).body == bodies[1]
    assert bodies[1] != bodies[2]


def test_commit__in_a_transaction(ask: Ask, firestore: Firestore) -> None:
    id_ = begin(ask)
    ask("POST", ":batchGet", {"documents": [DOC], "transaction": id_})

    status, answer = ask("POST", ":commit", {"writes": [WRITE], "transaction": id_})

    assert (status, set(answer)) == (200, {"writeResults", "commitTime"})
    assert firestore.documents("seen") == {"m1": {"n": 1}}
    assert ask("POST", ":commit", {"writes": [], "transaction": id_}) == (
        400,
        refused(400, "INVALID_ARGUMENT", "Transaction is invalid or closed."),
    )


def test_commit__in_an_unknown_transaction(ask: Ask) -> None:
    assert ask("POST", ":commit", {"writes": [], "transaction": "abc"}) == (
        400,
        refused(400, "INVALID_ARGUMENT", "Invalid transaction."),
    )


def test_commit__that_is_refused_can_be_rolled_back(ask: Ask, firestore: Firestore) -> None:
    id_ = begin(ask)
    condition = {"currentDocument": {"exists": True}}

    status, answer = ask("POST", ":commit", {"writes": [WRITE | condition], "transaction": id_})

    assert (status, answer["error"]["status"]) == (404, "NOT_FOUND")
    assert ask("POST", ":rollback", {"transaction": id_}) == (200, {})
    assert len(firestore.transactions) == 0


def test_commit__an_empty_id_is_none(ask: Ask) -> None:
    assert ask("POST", ":commit", {"writes": [WRITE], "transaction": ""})[0] == 200


def test_write__of_the_harness_does_not_wait(ask: Ask, firestore: Firestore) -> None:
    ask("POST", ":batchGet", {"documents": [DOC], "transaction": begin(ask)})

    status, answer = ask("PATCH", "/seen/m1", {})

    assert (status, answer) == (409, refused(409, "ABORTED", LOCK_TIMEOUT))
    assert firestore.count("seen") == 0


def test_read__outside_of_a_transaction_never_waits(ask: Ask) -> None:
    id_ = begin(ask)
    ask("POST", ":batchGet", {"documents": [DOC], "transaction": id_})

    assert ask("GET", "/seen")[0] == 200
    assert ask("POST", ":batchGet", {"documents": [DOC]})[0] == 200


def test_batch_get__begins_a_transaction(ask: Ask, firestore: Firestore) -> None:
    status, rows = ask("POST", ":batchGet", {"documents": [DOC], "newTransaction": {}})

    [row] = rows
    assert status == 200
    assert (row["missing"], row["readTime"]) == (DOC, NOW)
    assert firestore.transactions.locks_of(row["transaction"]) == (DOC,)


def test_batch_get__of_nothing_still_tells_the_transaction(ask: Ask) -> None:
    _, rows = ask("POST", ":batchGet", {"documents": [], "newTransaction": {"readWrite": {}}})

    assert [set(row) for row in rows] == [{"transaction"}]


def test_batch_get__in_one_transaction_or_a_new_one(ask: Ask) -> None:
    status, [row] = ask(
        "POST", ":batchGet", {"documents": [], "newTransaction": {}, "transaction": begin(ask)}
    )

    assert (status, row["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_rollback__frees_the_locks_at_once(ask: Ask, firestore: Firestore) -> None:
    id_ = begin(ask)
    ask("POST", ":batchGet", {"documents": [DOC], "transaction": id_})

    assert ask("POST", ":rollback", {"transaction": id_}) == (200, {})
    assert ask("PATCH", "/seen/m1", {})[0] == 200


def test_rollback__of_nothing(ask: Ask) -> None:
    assert ask("POST", ":rollback", {}) == (
        400,
        refused(400, "INVALID_ARGUMENT", "Invalid transaction."),
    )


def test_begin__a_further_attempt_names_the_one_before(ask: Ask, firestore: Firestore) -> None:
    first = begin(ask)
    begin(ask)
    again = begin(ask, retryTransaction=first)

    database = ROOT.removesuffix("/documents")
    ages = [firestore.transactions.use(id_, database=database).age for id_ in (first, again)]
    assert ages[0] == ages[1]


def query(**parts: object) -> dict[str, object]:
    return {"structuredQuery": {"from": [{"collectionId": "seen"}], **parts}}


def test_run_query__rows(ask: Ask, firestore: Firestore) -> None:
    for number in range(3):
        firestore.put(f"seen/m{number}", {"n": number})

    status, rows = ask("POST", ":runQuery", query(offset=1, limit=1))

    [row] = rows
    assert status == 200
    assert row["document"]["name"] == DOC
    assert row["document"]["fields"] == {"n": {"integerValue": "1"}}
    assert row["skippedResults"] == 1
    assert "readTime" in row


def test_run_query__of_nothing_has_one_row(ask: Ask, firestore: Firestore) -> None:
    assert ask("POST", ":runQuery", query()) == (200, [{"readTime": NOW}])
    assert firestore.oplog.billed == Billed(reads=1)


def test_run_query__is_billed_by_result(ask: Ask, firestore: Firestore) -> None:
    for number in range(5):
        firestore.put(f"seen/m{number}", {"n": number % 2})
    where = {
        "fieldFilter": {
            "field": {"fieldPath": "n"},
            "op": "EQUAL",
            "value": {"integerValue": "0"},
        }
    }

    ask("POST", ":runQuery", query(where=where))

    assert firestore.oplog.billed == Billed(reads=3)


def test_run_query__returns_the_selected_fields(ask: Ask, firestore: Firestore) -> None:
    firestore.put("seen/m1", {"a": 1, "b": 2})

    _, [row] = ask("POST", ":runQuery", query(select={"fields": [{"fieldPath": "b"}]}))

    assert row["document"]["fields"] == {"b": {"integerValue": "2"}}


def test_run_query__below_a_document(ask: Ask, firestore: Firestore) -> None:
    firestore.put("users/u1/seen/m9", {})

    _, [row] = ask("POST", "/users/u1:runQuery", query())

    assert row["document"]["name"] == f"{ROOT}/users/u1/seen/m9"


def test_run_query__not_below_a_collection(ask: Ask) -> None:
    status, [row] = ask("POST", "/users:runQuery", query())

    assert (status, row["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_run_query__begins_a_transaction_that_locks_the_collection(
    ask: Ask, firestore: Firestore
) -> None:
    _, [row] = ask("POST", ":runQuery", {**query(), "newTransaction": {}})

    assert row["readTime"] == NOW
    assert firestore.transactions.locks_of(row["transaction"]) == (f"{ROOT}/seen/*",)
    assert ask("PATCH", "/seen/m1", {})[0] == 409
    assert ask("PATCH", "/other/m1", {})[0] == 200


def test_log__names_the_transaction(ask: Ask, firestore: Firestore) -> None:
    id_ = begin(ask)
    ask("POST", ":batchGet", {"documents": [DOC], "transaction": id_})
    ask("POST", ":rollback", {"transaction": id_})
    _, [row] = ask("POST", ":runQuery", {**query(), "newTransaction": {}})
    ask("GET", "/seen/m1")

    assert [(one.verb, one.transaction) for one in firestore.oplog.rows] == [
        ("beginTransaction", id_),
        ("batchGet", id_),
        ("rollback", id_),
        ("runQuery", row["transaction"]),
        ("get", ""),
    ]


@pytest.mark.parametrize("read", ["batchGet", "runQuery"])
def test_optimistic__a_change_of_what_was_read_is_found_at_commit(
    request_for: Callable[..., Request], read: str
) -> None:
    firestore = Firestore(Kernel(), concurrency="optimistic")
    reads: dict[str, dict[str, object]] = {"batchGet": {"documents": [DOC]}, "runQuery": query()}

    def commit(*, meddle: bool) -> tuple[int, bytes]:
        body = {**reads[read], "newTransaction": {}}
        [row] = _json(firestore.handle(request_for("POST", f":{read}", body)).body)
        if meddle:
            assert firestore.handle(request_for("PATCH", "/seen/m1", {})).status == 200
        body = {"writes": [WRITE], "transaction": row["transaction"]}
        reply = firestore.handle(request_for("POST", ":commit", body))
        return reply.status, reply.body

    status, body = commit(meddle=True)
    assert status == 409
    assert _json(body) == refused(
        409, "ABORTED", "Too much contention on these documents. Please try again."
    )
    assert commit(meddle=False)[0] == 200


def _json(body: bytes) -> Any:
    return json.loads(body)


COUNT: dict[str, object] = {"count": {}}
GROUP = {"from": [{"collectionId": "seen", "allDescendants": True}]}


def test_group__in_a_transaction_locks_every_collection_of_its_id(
    ask: Ask, firestore: Firestore, request_for: RequestFor, call_for: CallFor
) -> None:
    ask("POST", ":runQuery", {"structuredQuery": GROUP, "newTransaction": {}})
    for path, waits in (("seen/a", True), ("users/u1/seen/b", True), ("other/c", False)):
        answer = firestore.answer(call_for(request_for("PATCH", f"/{path}", {}), f"{path}#0"))
        assert isinstance(answer, Blocked) is waits


def test_query_of_every_collection__is_not_served_in_a_transaction(ask: Ask) -> None:
    everything = {"from": [{"allDescendants": True}]}
    status, [row] = ask("POST", ":runQuery", {"structuredQuery": everything, "newTransaction": {}})
    assert status == 501
    said = "Queries of every collection are not served in transactions."
    assert row["error"]["message"] == said


def test_aggregation__begins_a_transaction_that_locks_the_collection(
    ask: Ask, firestore: Firestore
) -> None:
    query = {"structuredQuery": {"from": [{"collectionId": "seen"}]}, "aggregations": [COUNT]}
    asked = {"structuredAggregationQuery": query, "newTransaction": {}}
    _, [row] = ask("POST", ":runAggregationQuery", asked)
    assert firestore.transactions.locks_of(row["transaction"]) == (f"{ROOT}/seen/*",)
