"""A schedule as a table: what each call did, and what the bot was told, in words."""

import json
from typing import Any

import pytest

from emulator.call import Access, Call
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Failure, Outcome, Reply, Request
from emulator.recorded import RecordedCall
from harness.explore.choices import Made
from harness.explore.columns import columns, title_of
from harness.explore.move import Move


def a_call(task: str, service: str, access: Access) -> RecordedCall:
    request = Request("POST", "https://service.test/")
    delivery = Delivery(task, "user", 0.0, lambda: request, lambda outcome: None, 20.0)
    invocation = Invocation(delivery, request, "i0", 0, 0.0)
    call = Call(f"{task}#0", invocation, request, service, access, 0.0, None, lambda outcome: None)
    return RecordedCall.of(call)


def made(task: str, service: str, access: Access, outcome: Outcome | None, fault: str = "") -> Made:
    return Made(Move(f"{task}#0", task), a_call(task, service, access), outcome, fault)


def reads(*names: str) -> Access:
    return Access("batchGet", reads=frozenset(f"firestore:{name}" for name in names))


def writes(*names: str) -> Access:
    return Access("commit", writes=frozenset(f"firestore:{name}" for name in names))


def body(content: Any, status: int = 200) -> Reply:
    return Reply(status, (), json.dumps(content).encode())


RECORD = "projects/p/databases/(default)/documents/seen/m_1"


@pytest.mark.parametrize(
    ("service", "access", "outcome", "fault", "cell"),
    [
        ("firestore", reads("seen/m_1"), body([{"missing": RECORD}]), "", "reads m_1 -> not there"),
        (
            "firestore",
            reads("counts/all", "seen/m_1"),
            body([{"found": {"name": "x"}}, {"missing": RECORD}]),
            "",
            "reads m_1 -> not there",
        ),
        (
            "firestore",
            reads("seen/m_1"),
            body([{"found": {"name": RECORD}}]),
            "",
            "reads m_1 -> found",
        ),
        ("firestore", writes("seen/m_1", "seen/*"), body({}), "", "writes m_1 -> written"),
        (
            "firestore",
            writes("seen/m_1"),
            body({"error": {"status": "ALREADY_EXISTS"}}, 409),
            "",
            "writes m_1 -> 409 ALREADY_EXISTS",
        ),
        ("firestore", reads("seen/m_1"), body({}, 404), "", "reads m_1 -> not there"),
        ("qstash", Access("publish"), body({"messageId": "msg_1"}, 201), "", "publish -> accepted"),
        (
            "qstash",
            Access("publish"),
            body({"messageId": "msg_1", "deduplicated": True}, 202),
            "",
            "publish -> a duplicate, swallowed",
        ),
        ("graph", Access("send"), body({"message_id": "m"}), "", "send -> sent"),
        ("graph", Access("send"), Failure("reset"), "fail-after", "send -> done, answer lost"),
        ("graph", Access("send"), None, "killed", "send -> done, then it dies"),
        ("stubs", Access("post"), Reply(418), "", "post -> 418"),
    ],
)
def test_cell__says_what_was_asked_and_what_was_told(
    service: str, access: Access, outcome: Outcome | None, fault: str, cell: str
) -> None:
    lines = columns([made("u0.w0", service, access, outcome, fault)], "seen")
    assert lines[2].removeprefix("   1  ") == cell


def test_columns__stand_for_deliveries_and_rows_for_moves() -> None:
    lines = columns(
        [
            made("u0.w0", "graph", Access("send"), body({})),
            made("u0.w1", "graph", Access("send"), body({})),
            made("u0.w0.q0'", "graph", Access("send"), body({})),
            Made(Move("u0.w2", "u0.w2", signature="start")),
        ],
        answers={"u0.w0": "200", "u0.w9": "200"},
    )
    assert lines == [
        "step  u0.w0            u0.w1            u0.w0.q0'              u0.w2",
        "      webhook, copy 1  webhook, copy 2  queue delivery, again  webhook, copy 3",
        "   1  send -> sent",
        "      answers 200",
        "   2                   send -> sent",
        "   3                                    send -> sent",
        "   4                                                           start",
    ]


@pytest.mark.parametrize(
    ("task", "title"),
    [
        ("u0.w1", "webhook, copy 2"),
        ("u0.w0'", "webhook, copy 1, again"),
        ("u0.w0.q0", "queue delivery"),
        ("u0.w0.q0.h0", "the bot's call of itself"),
        ("u0.w0.q0'3", "queue delivery, again"),
        ("i0.boot", ""),
    ],
)
def test_title__says_what_a_delivery_is(task: str, title: str) -> None:
    assert title_of(task) == title


def test_document_elsewhere__is_named_with_its_collection() -> None:
    (*_, row) = columns([made("u0.w0", "firestore", reads("counts/all"), body({}, 404))], "seen")
    assert row == "   1  reads counts/all -> not there"


def test_long_cell__is_cut() -> None:
    access = writes("seen/" + "m" * 40)
    outcome = body({"error": {"status": "FAILED_PRECONDITION_OF_A_KIND"}}, 400)
    (*_, row) = columns([made("u0.w0", "firestore", access, outcome)], "seen")
    assert row == "   1  writes mmmmmmmmmmm... -> 400 FAILED_PRECO..."
