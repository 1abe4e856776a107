"""Batches whose writes succeed or fail one by one."""

from collections.abc import Callable
from typing import Any

from emulator.call import Call
from emulator.exchange import Blocked, Reply, Request
from emulator.firestore import Billed, Firestore

Ask = Callable[..., tuple[int, Any]]
ROOT = "projects/demo-thrice/databases/(default)/documents"


def create(path: str) -> dict[str, Any]:
    return {"update": {"name": f"{ROOT}/{path}"}, "currentDocument": {"exists": False}}


def test_writes__succeed_or_fail_one_by_one(ask: Ask, firestore: Firestore) -> None:
    firestore.put("m/taken", {})
    writes = [create("m/a"), create("m/taken"), {"delete": f"{ROOT}/m/none"}]
    status, answer = ask("POST", ":batchWrite", {"writes": writes})
    assert status == 200
    assert [result.keys() for result in answer["writeResults"]] == [{"updateTime"}, set(), set()]
    assert answer["status"] == [
        {},
        {"code": 6, "message": f"Document already exists: {ROOT}/m/taken"},
        {},
    ]
    assert firestore.count("m") == 2
    assert firestore.oplog.billed == Billed(writes=1, deletes=1)


def test_document_that_is_written_twice__is_refused(ask: Ask, firestore: Firestore) -> None:
    status, answer = ask("POST", ":batchWrite", {"writes": [create("m/a"), create("m/a")]})
    assert status == 400
    wanted = "A document is written more than once in one BatchWrite."
    assert answer["error"]["message"] == wanted
    assert firestore.count("m") == 0


def test_lock_on_one_document__holds_the_batch_up(
    firestore: Firestore,
    ask: Ask,
    request_for: Callable[..., Request],
    call_for: Callable[[Request, str], Call],
) -> None:
    _, [row] = ask("POST", ":batchGet", {"documents": [f"{ROOT}/m/a"], "newTransaction": {}})
    request = request_for("POST", ":batchWrite", {"writes": [create("m/b"), create("m/a")]})
    call = call_for(request, "u0.w0#0")
    woken: list[str] = []
    blocked = firestore.answer(call)
    assert isinstance(blocked, Blocked)
    blocked.wake = lambda: woken.append("now")
    assert firestore.count("m") == 0
    ask("POST", ":rollback", {"transaction": row["transaction"]})
    assert woken == ["now"]
    assert isinstance(firestore.answer(call), Reply)
    assert firestore.count("m") == 2
