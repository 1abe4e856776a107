"""What becomes of sends on WhatsApp."""

import json
from typing import Any

import pytest

from emulator.errors import ScenarioError
from emulator.meta import GraphOptions
from tests.meta.graph.test_app_calls import Bot
from tests.meta.graph_support import Client

DAY = 86_400.0
TEMPLATE = {"type": "template", "template": {"name": "hello", "language": {"code": "en"}}}


def test_send__is_answered_as_accepted() -> None:
    client = Client("whatsapp")
    answer = client.say()
    (sent,) = client.account.sent

    assert answer.body == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": client.ada, "wa_id": client.ada}],
        "messages": [{"id": sent.message_id, "message_status": "accepted"}],
    }
    assert sent.message_id.startswith("wamid.")
    assert sent.to == client.ada


def test_send__with_the_token_in_the_header() -> None:
    client = Client("whatsapp")
    body = {"messaging_product": "whatsapp", "to": client.ada, "text": {"body": "hi"}}
    headers = (("Content-Type", "application/json"), ("Authorization", f"Bearer {client.token}"))

    assert client.post(f"/{client.id}/messages", body, token="", headers=headers).status == 200


@pytest.mark.parametrize("spelled", ["+{}", "{}", "00{}"])
def test_recipient__in_other_spellings(spelled: str) -> None:
    client = Client("whatsapp")
    address = spelled.format(client.ada)
    answer = client.say(to=address)

    if spelled == "00{}":
        assert answer.error == (131047, None)
    else:
        assert answer.body["contacts"] == [{"input": address, "wa_id": client.ada}]


def test_recipient__by_user_id() -> None:
    client = Client("whatsapp")
    alias = client.account.contacts.alias(client.ada)
    body = {"messaging_product": "whatsapp", "recipient": alias, "text": {"body": "hi"}}
    client.post(f"/{client.id}/messages", body)

    assert alias.startswith("US.")
    assert [sent.to for sent in client.account.sent] == [client.ada]


def test_recipient__that_is_no_number() -> None:
    assert Client("whatsapp").say(to="nobody").error == (131009, None)


def test_window__closes_after_24_hours_but_not_for_templates() -> None:
    client = Client("whatsapp")
    client.advance(DAY - 1)
    assert client.say().status == 200
    client.advance(1)
    late = client.say()

    assert late.error == (131047, None)
    assert late.body["error"]["error_data"] == {
        "messaging_product": "whatsapp",
        "details": "More than 24 hours have passed since the recipient last replied to the sender "
        "number.",
    }
    assert client.say(TEMPLATE).status == 200


def test_template__also_to_who_never_wrote() -> None:
    client = Client("whatsapp")

    assert client.say(to="15559999").error == (131047, None)
    assert client.say(TEMPLATE, to="+1 555-9999").body["contacts"][0]["wa_id"] == "15559999"


def test_failure__is_told_after_the_message_was_accepted() -> None:
    client = Client("whatsapp")
    bot = Bot(client)
    bot.requests.clear()
    client.account.graph.refuse(131026, later=True)
    first, second = client.say(), client.say()
    client.run()

    values = [json.loads(one.body)["entry"][0]["changes"][0]["value"] for one in bot.requests]
    statuses = [status for value in values for status in value["statuses"]]
    told = [(status["id"], status["status"]) for status in statuses]
    assert sorted(told) == sorted(
        (
            (first.body["messages"][0]["id"], "failed"),
            (second.body["messages"][0]["id"], "sent"),
            (second.body["messages"][0]["id"], "delivered"),
        )
    )
    failed = next(status for status in statuses if status["status"] == "failed")
    assert failed["errors"] == [
        {
            "code": 131026,
            "title": "Message undeliverable",
            "message": "(#131026) Message undeliverable",
            "error_data": {"details": "Unable to deliver message."},
        }
    ]


def test_failure__is_told_later_on_whatsapp_only() -> None:
    with pytest.raises(
        ScenarioError,
        match=r"^only WhatsApp tells of an error after a message was accepted$",
    ):
        Client().account.graph.refuse(551, later=True)


def test_template__has_to_exist_where_some_are_named() -> None:
    client = Client("whatsapp", options=GraphOptions(templates=("other",)))
    answer = client.say(TEMPLATE)
    assert (answer.status, answer.error) == (404, (132001, None))

    made = client.post(
        f"/{client.own.business_account_id}/message_templates", {"name": "hello", "language": "en"}
    )
    assert made.body["status"] == "APPROVED"
    assert client.say(TEMPLATE).status == 200


def test_reaction__has_an_id_of_its_own_and_is_no_reply() -> None:
    client = Client("whatsapp")
    reaction = {"type": "reaction", "reaction": {"message_id": "wamid.A", "emoji": "👍"}}
    answer = client.say(reaction)

    assert answer.body["messages"][0]["id"].startswith("wamid.")
    assert client.account.sent_count == 0
    assert [one.action for one in client.account.actions] == ["react"]


def test_read_mark() -> None:
    client = Client("whatsapp")
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A"}
    answer = client.post(f"/{client.id}/messages", mark)

    assert answer.body == {"success": True}
    assert [(one.action, one.mid) for one in client.account.actions] == [("mark_seen", "wamid.A")]


def test_media__has_to_exist() -> None:
    client = Client("whatsapp")
    image: dict[str, Any] = {"type": "image", "image": {"id": "123"}}
    assert client.say(image).error == (100, None)

    file = client.account.nodes.media.received("u0", "image")
    assert client.say({"type": "image", "image": {"id": file.id}}).status == 200


@pytest.mark.parametrize("node", ["me", "42"])
def test_send__of_another_number(node: str) -> None:
    client = Client("whatsapp")
    body = {"messaging_product": "whatsapp", "to": client.ada, "text": {"body": "hi"}}

    assert client.post(f"/{node}/messages", body).error == (100, 33)
