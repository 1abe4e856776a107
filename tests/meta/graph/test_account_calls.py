"""Calls about the account and its people."""

import json
from typing import Any

import pytest

from emulator.exchange import Request
from tests.meta.graph_support import Client

IMAGE = {"type": "image", "payload": {"url": "https://a.example/b.png", "is_reusable": True}}


def test_account__of_instagram() -> None:
    client = Client("instagram")

    assert client.get("/me").body == {"id": client.id, "username": "fake.account"}
    assert client.get("/me", fields="user_id,username").body == {
        "user_id": client.id,
        "username": "fake.account",
    }
    assert client.get(f"/{client.id}").body == {"id": client.id, "name": "fake.account"}


def test_account__of_whatsapp() -> None:
    client = Client("whatsapp")
    body = client.get(f"/v23.0/{client.id}").body

    assert body["id"] == client.id
    assert body["display_phone_number"] == client.own.display_phone_number
    assert client.get(f"/{client.own.business_account_id}").body["name"] == "Fake Business"


def test_app__itself() -> None:
    client = Client()

    assert client.get(f"/{client.own.app_id}", token=client.app).body == {"id": client.own.app_id}


def test_person__of_instagram() -> None:
    client = Client("instagram")
    body = client.get(f"/{client.ada}", fields="name,username,is_verified_user").body

    assert body["name"].startswith("Ada ")
    assert body["username"].startswith("ada.")
    assert body["is_verified_user"] is False
    refused = client.get(f"/{client.ada}", fields="first_name")
    assert refused.body["error"]["message"] == (
        "(#100) Tried accessing nonexisting field (first_name) on node type (IGBusinessScopedID)"
    )


def test_person__of_whatsapp_has_no_profile_here() -> None:
    client = Client("whatsapp")

    assert client.get(f"/{client.ada}").error == (100, 33)


def test_person__who_never_wrote_is_an_empty_object() -> None:
    client = Client()
    stranger = client.account.contacts.psid("bo")

    assert client.get(f"/{stranger}", fields="name").body == {}
    client.account.graph.refuse(2018218)
    assert client.get(f"/{stranger}").error == (2018218, None)


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
def test_accounts__are_the_page_with_its_token(platform: Any) -> None:
    client = Client(platform)
    (page,) = client.get("/me/accounts").body["data"]

    assert (page["id"], page["access_token"]) == (client.own.page_id, client.own.page_token)
    assert "MESSAGING" in page["tasks"]
    assert list(page) == ["access_token", "category", "name", "id", "tasks"]
    assert client.get("/42/accounts").error == (100, 33)


def test_account__of_instagram_as_a_field_of_its_page() -> None:
    client = Client()
    asked = "name,instagram_business_account{username,biography}"
    account = {"username": "fake.account", "id": client.own.instagram_id}

    for page in (
        client.get("/me", fields=asked).body,
        client.get("/me/accounts", fields=asked).body["data"][0],
    ):
        assert page["name"] == "Fake Page"
        assert page["instagram_business_account"] == account
        assert "access_token" not in page
    plain = client.get("/me", fields="instagram_business_account").body
    assert plain == {"instagram_business_account": {"id": client.own.instagram_id}}


@pytest.mark.parametrize("path", ["/me", "/me/accounts"])
def test_account__fields_that_can_not_be_read(path: str) -> None:
    assert Client().get(path, fields="id,}").error == (2500, None)


@pytest.mark.parametrize("platform", ["messenger", "instagram", "whatsapp"])
def test_subscribed_apps(platform: Any) -> None:
    client = Client(platform)
    account = client.account
    node = client.own.business_account_id if platform == "whatsapp" else "me"
    path = f"/{node}/subscribed_apps"

    assert len(client.get(path).body["data"]) == 1
    assert client.delete(path).body == {"success": True}
    assert not account.is_subscribed
    assert client.get(path).body == {"data": []}
    assert client.post(path, subscribed_fields="messages,messaging_postbacks").body == {
        "success": True
    }
    assert account.is_subscribed
    if platform == "whatsapp":
        (app,) = client.get(path).body["data"]
        assert app["whatsapp_business_api_data"]["id"] == client.own.app_id
    else:
        (app,) = client.get(path).body["data"]
        assert app["subscribed_fields"] == ["messages", "messaging_postbacks"]


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
def test_message_attachments__by_link(platform: Any) -> None:
    client = Client(platform)
    answer = client.post("/me/message_attachments", {"message": {"attachment": IMAGE}})
    attachment_id = answer.body["attachment_id"]
    image = {"type": "image", "payload": {"attachment_id": attachment_id}}

    assert list(answer.body) == ["attachment_id"]
    assert attachment_id.isdecimal()
    assert client.say({"attachment": image}).status == 200
    assert client.say({"attachment": {**image, "type": "video"}}).error == (100, None)


def test_message_attachments__by_upload() -> None:
    client = Client()
    message = json.dumps({"attachment": {"type": "file", "payload": {"is_reusable": True}}})
    body = (
        f'--b\r\nContent-Disposition: form-data; name="message"\r\n\r\n{message}'
        '\r\n--b\r\nContent-Disposition: form-data; name="filedata"; filename="a.txt"\r\n'
        "Content-Type: text/plain\r\n\r\nhello\r\n--b--\r\n"
    ).encode()
    answer = client.post(
        "/v23.0/me/message_attachments",
        body,
        headers=(("Content-Type", "multipart/form-data; boundary=b"),),
    )
    sent = client.say(
        {"attachment": {"type": "file", "payload": {"attachment_id": answer.body["attachment_id"]}}}
    )

    assert sent.status == 200
    link = client.account.sent[0].attachments[0]["payload"]["url"]  # type: ignore[index]
    assert client.account.handle(Request("GET", link)).status == 200


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"attachment": {"type": "image", "payload": {}}},
        {
            "attachment": {
                "type": "template",
                "payload": {"template_type": "coupon", "title": "a"},
            }
        },
    ],
)
def test_message_attachments__refused(message: object) -> None:
    assert Client().post("/me/message_attachments", {"message": message}).error == (100, None)


def test_personas() -> None:
    client = Client()
    made = client.post("/me/personas", {"name": "Zoe", "profile_picture_url": "https://a.example"})
    persona = {"id": made.body["id"], "name": "Zoe", "profile_picture_url": "https://a.example"}

    assert client.get("/me/personas").body == {"data": [persona]}
    assert client.get(f"/{persona['id']}").body == persona
    assert client.delete(f"/{persona['id']}").body == {"success": True}
    assert client.get("/me/personas").body == {"data": []}
    assert client.delete(f"/{persona['id']}").error == (100, 33)
    assert client.post("/me/personas", {"name": "Zoe"}).error == (100, None)


def test_nlp_configs() -> None:
    client = Client()

    assert client.post("/me/nlp_configs", nlp_enabled="true").body == {"success": True}
    assert client.post("/42/nlp_configs").error == (100, 33)
