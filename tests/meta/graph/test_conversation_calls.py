"""Calls about conversations: what was written, who has them, and answers to comments."""

import json
from typing import Any

import pytest

from emulator.chance import DIGITS
from emulator.exchange import Request
from emulator.meta.graph.thread_control import INBOX_APP_ID
from tests.meta.graph.test_app_calls import Bot
from tests.meta.graph_support import JSON, ORIGIN, Client, call_of, replied

FIELDS = "updated_time, participants, messages{id,message,from,to,created_time}"
OTHER = "300000000000003"


def wrote(client: Client, person: str, mid: str, text: str) -> None:
    client.account.nodes.threads.wrote(person, mid, text, at=client.kernel.clock.now)


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
def test_conversations__show_both_sides_newest_first(platform: Any) -> None:
    client = Client(platform)
    bo = client.account.message("hi", sender="bo").psid
    client.account.nodes.threads.__init__()  # type: ignore[misc]
    wrote(client, client.ada, "m_1", "hello")
    client.advance(60.0)
    mid = client.say().body["message_id"]
    client.advance(60.0)
    wrote(client, bo, "m_2", "me too")
    answer = client.get("/me/conversations", fields=FIELDS)

    first, second = answer.body["data"]
    assert first["id"] == f"t_{bo}"
    assert second["id"] == f"t_{client.ada}"
    assert second["updated_time"] == "2026-09-21T14:14:20+0000"
    people = second["participants"]["data"]
    assert [person["id"] for person in people] == [client.ada, client.id]
    messages = second["messages"]["data"]
    assert [(one["id"], one["message"]) for one in messages] == [(mid, "hi"), ("m_1", "hello")]
    assert messages[0]["from"]["id"] == client.id
    assert messages[0]["to"]["data"][0]["id"] == client.ada
    assert messages[1]["from"]["id"] == client.ada


def test_conversations__only_what_is_asked_for() -> None:
    client = Client()
    client.say()
    (shown,) = client.get("/me/conversations", user_id=client.ada).body["data"]

    assert list(shown) == ["id", "updated_time"]
    assert client.get("/me/conversations", user_id="5").body == {"data": []}


def test_message__by_its_id() -> None:
    client = Client()
    mid = client.say().body["message_id"]

    created = "2026-09-21T14:13:20+0000"
    assert client.get(f"/{mid}").body == {"id": mid, "created_time": created}
    assert client.get(f"/{mid}", fields="message,from{id}").body == {
        "message": "hi",
        "from": {"id": client.id},
        "id": mid,
    }


def test_conversations__inner_fields_are_those_that_are_asked_for() -> None:
    client = Client()
    mid = client.say().body["message_id"]
    fields = "participants{id},messages.limit(1){message,to{id},from}"
    (shown,) = client.get("/me/conversations", fields=fields).body["data"]
    (message,) = shown["messages"]["data"]

    assert list(shown) == ["participants", "messages", "id"]
    assert shown["participants"]["data"] == [{"id": client.ada}, {"id": client.id}]
    assert message == {
        "message": "hi",
        "to": {"data": [{"id": client.ada}]},
        "from": {"id": client.id, "name": "Fake Page"},
        "id": mid,
    }


def test_conversations__messages_of_which_nothing_is_said() -> None:
    client = Client()
    client.say()
    (shown,) = client.get("/me/conversations", fields="messages").body["data"]

    assert [list(one) for one in shown["messages"]["data"]] == [["id", "created_time"]] * 2


def test_conversations__people_of_instagram_have_names_of_users() -> None:
    client = Client("instagram")
    client.say()
    (shown,) = client.get("/me/conversations", fields="participants").body["data"]

    assert [list(one) for one in shown["participants"]["data"]] == [["id", "username"]] * 2


def test_conversations__more_messages_than_usual() -> None:
    client = Client()
    for _ in range(30):
        client.say()

    def count(fields: str) -> int:
        (shown,) = client.get("/me/conversations", fields=fields).body["data"]
        return len(shown["messages"]["data"])

    assert [count("messages"), count("messages.limit(28){id}")] == [25, 28]
    assert count("messages.limit(0)") == 0


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("shoes", "(#100) Tried accessing nonexisting field (shoes) on node type (UnifiedThread)"),
        (
            "messages{id,shoes}",
            "(#100) Tried accessing nonexisting field (shoes) on node type (Message)",
        ),
        (
            "messages{from{shoes}}",
            "(#100) Tried accessing nonexisting field (shoes) on node type (User)",
        ),
        ("messages{id", "Syntax error in the parameter fields"),
    ],
)
def test_conversations__fields_that_there_are_not(fields: str, told: str) -> None:
    refused = Client().get("/me/conversations", fields=fields)

    assert (refused.status, refused.body["error"]["message"]) == (400, told)


def test_conversation__by_its_id() -> None:
    client = Client()
    client.say()
    listed = client.get("/me/conversations", fields="messages{message}").body["data"]

    assert client.get(f"/t_{client.ada}", fields="messages{message}").body == listed[0]
    assert client.get("/t_5").error == (100, 33)


def control(client: Client, verb: str, **body: object) -> Any:
    return client.post(f"/me/{verb}_thread_control", {"recipient": {"id": client.ada}, **body})


def owner(client: Client) -> str:
    (data,) = client.get("/me/thread_owner", recipient=client.ada).body["data"]
    return str(data["thread_owner"]["app_id"])


@pytest.mark.parametrize(
    ("platform", "field"),
    [("messenger", "messaging_handovers"), ("instagram", "messaging_handover")],
)
def test_control__is_passed_and_taken_back(platform: Any, field: str) -> None:
    client = Client(platform, fields=("messages", field))
    bot = Bot(client)
    bot.requests.clear()
    assert owner(client) == client.own.app_id
    passed = control(client, "pass", target_app_id=OTHER, metadata="please")
    assert passed.body == {"success": True}
    assert owner(client) == OTHER
    assert control(client, "take").body == {"success": True}
    assert owner(client) == client.own.app_id
    client.run()

    items = [json.loads(request.body)["entry"][0]["messaging"][0] for request in bot.requests]
    assert [list(item) for item in items] == [
        ["sender", "recipient", "timestamp", "pass_thread_control"],
        ["sender", "recipient", "timestamp", "take_thread_control"],
    ]
    assert items[0]["sender"] == {"id": client.ada}
    assert items[0]["pass_thread_control"] == {
        "previous_owner_app_id": client.own.app_id,
        "new_owner_app_id": OTHER,
        "metadata": "please",
    }
    assert items[1]["take_thread_control"]["previous_owner_app_id"] == OTHER


def test_control__is_released_to_the_inbox() -> None:
    client = Client()

    assert control(client, "release").body == {"success": True}
    assert owner(client) == INBOX_APP_ID
    assert client.get("/me/secondary_receivers").body["data"][0]["id"] == INBOX_APP_ID


def test_control__is_asked_for() -> None:
    client = Client(fields=("messages", "messaging_handovers"))
    bot = Bot(client)
    control(client, "pass", target_app_id=OTHER)
    client.run()
    bot.requests.clear()
    assert control(client, "request", metadata="mine").body == {"success": True}
    client.run()

    (request,) = bot.requests
    item = json.loads(request.body)["entry"][0]["messaging"][0]
    assert item["request_thread_control"] == {
        "requested_owner_app_id": int(client.own.app_id),
        "metadata": "mine",
    }
    assert owner(client) == OTHER


def test_control__can_only_be_given_by_who_has_it() -> None:
    client = Client()
    control(client, "pass", target_app_id=OTHER)

    assert control(client, "pass", target_app_id=OTHER).error == (100, None)
    assert control(client, "release").error == (100, None)
    assert control(client, "take").status == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, (100, None)),
        ({"target_app_id": OTHER, "recipient": {}}, (100, None)),
        ({"target_app_id": OTHER, "recipient": {"id": "5"}}, (100, 2018001)),
    ],
)
def test_control__refused(body: dict[str, object], error: object) -> None:
    assert control(Client(), "pass", **body).error == error


def test_thread_owner__of_nobody() -> None:
    client = Client()

    assert client.get("/me/thread_owner").error == (100, None)
    assert client.get("/me/thread_owner", recipient="5").error == (100, 2018001)


def test_handover__belongs_to_the_message_that_the_bot_handles() -> None:
    client = Client(fields=("messages", "messaging_handovers"))
    Bot(client)
    body = json.dumps({"recipient": {"id": client.ada}, "target_app_id": OTHER}).encode()
    url = f"{ORIGIN}/me/pass_thread_control?access_token={client.token}"
    call = call_of(client.account, Request("POST", url, JSON, body))
    assert replied(client.account.answer(call)).status == 200
    client.run()

    told = [entry for entry in client.kernel.journal.entries("delivery") if ".t0" in entry.name]
    assert [(entry.name, entry.roots, entry.generation) for entry in told] == [
        ("u0.w0.t0.w0", ("u0",), 1)
    ]


@pytest.mark.parametrize("before", [0, 1])
def test_ids__follow_from_the_call_and_not_from_what_was_made_before(before: int) -> None:
    client = Client()
    profile = {"name": "Zoe", "profile_picture_url": "https://a.example"}
    for _ in range(before):
        client.post("/me/personas", profile)
    body = json.dumps(profile).encode()
    url = f"{ORIGIN}/me/personas?access_token={client.token}"
    call = call_of(client.account, Request("POST", url, JSON, body))
    made = replied(client.account.answer(call)).body["id"]

    assert made == "2" + client.kernel.chance.text("meta/persona/u0.w0.p0", 15, DIGITS)


def test_replies__to_a_comment() -> None:
    client = Client()
    client.account.nodes.comments.wrote("9_1", client.ada, at=0.0)
    first = client.post("/9_1/replies", {"message": "thanks"}).body["id"]
    second = client.post("/9_1/comments", {"message": "thanks"}).body["id"]

    assert first != second
    assert client.account.sent_count == 0
    assert client.post("/9_1/replies").error == (100, None)
    assert client.post("/9_2/replies", {"message": "thanks"}).error == (100, 33)


def test_private_replies() -> None:
    client = Client()
    client.account.nodes.comments.wrote("9_1", client.ada, at=0.0)
    answer = client.post("/9_1/private_replies", {"message": "thanks"})
    (sent,) = client.account.sent

    assert answer.body == {"id": sent.message_id}
    assert (sent.to, sent.text) == (client.ada, "thanks")
    assert client.post("/9_1/private_replies", {"message": "again"}).error == (10900, None)


@pytest.mark.parametrize("length", [0, 2001])
def test_private_replies__refused(length: int) -> None:
    client = Client()
    client.account.nodes.comments.wrote("9_1", client.ada, at=0.0)

    assert client.post("/9_1/private_replies", {"message": "x" * length}).error == (100, None)


@pytest.mark.parametrize(
    "path",
    [
        "/{}/conversations",
        "/{}/pass_thread_control",
        "/{}/thread_owner",
        "/{}/secondary_receivers",
    ],
)
def test_whatsapp__has_none_of_these(path: str) -> None:
    client = Client("whatsapp")

    assert client.get(path.format(client.id)).error == (100, 33)
