"""The table of errors, and errors on purpose."""

import json
from typing import Any

import pytest

from emulator.errors import ScenarioError
from emulator.exchange import Failure, Reply, Request
from emulator.faults import FailAfter, Slowed
from emulator.meta.graph.refusals import TABLE, Row, refusal
from tests.meta.graph_support import JSON, ORIGIN, Client, call_of

KINDS = {"OAuthException", "GraphMethodException", "IGApiException"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.code}-{row.subcode}")
def test_table__every_error_can_be_had(row: Row) -> None:
    client = Client()
    client.account.graph.refuse(row.code, row.subcode, verb="send")
    answer = client.say()

    assert answer.status == row.status
    assert answer.error == (row.code, row.subcode)
    error = answer.body["error"]
    assert (error["type"], error["message"]) == (row.kind, row.message)
    assert error.get("is_transient", False) is row.transient
    assert row.kind in KINDS
    assert row.source


def test_table__has_each_error_once() -> None:
    assert len({(row.code, row.subcode) for row in TABLE}) == len(TABLE)


def test_table__rate_limits_are_transient_and_look_like_bad_tokens() -> None:
    limits = (4, 17, 32, 613, 80001, 80002, 80006, 80008, 130429, 131056)

    assert {refusal(code).transient for code in limits} == {True}
    assert {refusal(code).kind for code in limits} == {refusal(190).kind}


def test_refusal__unknown() -> None:
    with pytest.raises(ScenarioError, match=r"^the Graph API has no error 7 that is known$"):
        refusal(7)
    with pytest.raises(
        ScenarioError, match=r"^the Graph API has no error 10 with the subcode 1 that is known$"
    ):
        refusal(10, 1)


def test_refuse__so_many_calls_and_only_these() -> None:
    client = Client()
    client.account.graph.refuse(613, calls=2, verb="send")

    assert client.get("/me").status == 200
    assert [client.say().status for _ in range(3)] == [400, 400, 200]
    assert client.account.sent_count == 1


def test_refuse__any_call() -> None:
    client = Client()
    client.account.graph.refuse(190, 463)

    assert client.get("/me").error == (190, 463)
    assert client.get("/me").status == 200


def test_for_people__where_it_was_seen() -> None:
    client = Client()
    client.account.graph.refuse(368, 1346003)
    error = client.say().body["error"]

    assert error["error_user_msg"] == ""
    assert "error_user_title" not in error


def test_for_people__as_a_test_says_it() -> None:
    client = Client()
    client.account.graph.refuse(551, user_title="Not now", user_message="They are away.")
    error = client.say().body["error"]

    assert list(error) == [
        *("message", "type", "code", "error_subcode", "error_user_title", "error_user_msg"),
        "fbtrace_id",
    ]
    assert (error["error_user_title"], error["error_user_msg"]) == ("Not now", "They are away.")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.code}-{row.subcode}")
def test_for_people__nothing_in_other_errors(row: Row) -> None:
    error = refusal(row.code, row.subcode).envelope("A")["error"]

    assert isinstance(error, dict)
    told = {"error_user_title", "error_user_msg"} & error.keys()
    assert bool(told) is (row.subcode == 1346003)


def test_details__of_whatsapp() -> None:
    assert refusal(131009, details="x").envelope("A")["error"] == {
        "message": "(#131009) Parameter value is not valid",
        "type": "OAuthException",
        "code": 131009,
        "error_data": {"messaging_product": "whatsapp", "details": "x"},
        "fbtrace_id": "A",
    }


@pytest.mark.parametrize("platform", ["messenger", "instagram", "whatsapp"])
def test_accepted_then_lost__is_sent_all_the_same(platform: Any) -> None:
    client = Client(platform)
    account = client.account
    body: dict[str, object] = {"recipient": {"id": client.ada}, "message": {"text": "hi"}}
    if platform == "whatsapp":
        body = {"messaging_product": "whatsapp", "to": client.ada, "text": {"body": "hi"}}
    url = f"{ORIGIN}/v23.0/{client.id}/messages?access_token={client.token}"
    call = call_of(account, Request("POST", url, JSON, json.dumps(body).encode()))
    lost = Failure("reset", "the connection was lost")
    outcome = FailAfter(lost).apply(call, lambda: account.answer(call))

    assert outcome is lost
    assert [sent.text for sent in account.sent] == ["hi"]
    assert client.kernel.journal.tally("u0").replies == 1


def test_slow_answer__is_the_usual_one_later() -> None:
    client = Client()
    account = client.account
    body = json.dumps({"recipient": {"id": client.ada}, "message": {"text": "hi"}}).encode()
    url = f"{ORIGIN}/me/messages?access_token={client.token}"
    call = call_of(account, Request("POST", url, JSON, body))
    slow = Slowed(30.0).apply(call, lambda: account.answer(call))

    assert account.sent_count == 1
    assert not isinstance(slow, Reply)
