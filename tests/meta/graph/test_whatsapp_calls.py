"""Calls that only WhatsApp has: files, numbers, templates."""

import json
from hashlib import sha256

import pytest

from emulator.exchange import Reply, Request
from emulator.meta.graph.media import LINK_LIFE_S
from tests.meta.graph_support import Client

PNG = b"\x89PNG and more"


def upload(
    client: Client, data: bytes = PNG, mime_type: str = "image/png", *, product: str = "whatsapp"
) -> object:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\n'
        + product.encode()
        + b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
        + f"Content-Type: {mime_type}\r\n\r\n".encode()
        + data
        + b"\r\n--b--\r\n"
    )
    headers = (
        ("Content-Type", "multipart/form-data; boundary=b"),
        ("Authorization", f"Bearer {client.token}"),
    )
    answer = client.post(f"/v23.0/{client.id}/media", body, token="", headers=headers)
    return answer.body.get("id") or answer.error


def fetch(client: Client, link: str, token: str | None = None, method: str = "GET") -> Reply:
    shown = client.token if token is None else token
    headers = (("Authorization", f"Bearer {shown}"),)
    return client.account.handle(Request(method, link, headers))


def test_media__up_and_down() -> None:
    client = Client("whatsapp")
    media_id = upload(client)
    shown = client.get(f"/v23.0/{media_id}").body
    reply = fetch(client, shown["url"])

    assert shown["mime_type"] == "image/png"
    assert shown["sha256"] == sha256(PNG).hexdigest()
    assert shown["file_size"] == len(PNG)
    assert (reply.status, reply.body, reply.header("content-type")) == (200, PNG, "image/png")


def test_media__can_be_sent_and_deleted() -> None:
    client = Client("whatsapp")
    media_id = upload(client)
    image = {"type": "image", "image": {"id": media_id}}

    assert client.say(image).status == 200
    assert client.delete(f"/{media_id}").body == {"success": True}
    assert client.say(image).error == (100, None)
    assert client.get(f"/{media_id}").error == (100, 33)


def test_media__that_a_person_sent() -> None:
    client = Client("whatsapp")
    file = client.account.nodes.media.received("u7", "audio")
    link = client.get(f"/{file.id}").body["url"]

    assert fetch(client, link).header("content-type") == "audio/ogg; codecs=opus"
    assert fetch(client, link, method="HEAD").body == b""


def test_media__link_needs_the_token_and_expires() -> None:
    client = Client("whatsapp")
    link = client.get(f"/{upload(client)}").body["url"]

    assert fetch(client, link, "wrong").status == 401
    assert fetch(client, link.replace("hash=", "hash=0")).status == 404
    assert fetch(client, link, method="POST").status == 405
    client.advance(LINK_LIFE_S - 1)
    assert fetch(client, link).status == 200
    client.advance(1)
    assert fetch(client, link).status == 404


@pytest.mark.parametrize(
    ("mime_type", "most"), [("image/jpeg", 5_000_000), ("image/webp", 500_000)]
)
def test_media__at_most_so_large(mime_type: str, most: int) -> None:
    client = Client("whatsapp")

    assert str(upload(client, b"x" * most, mime_type)).isdecimal()
    assert upload(client, b"x" * (most + 1), mime_type) == (100, None)


def test_media__refused() -> None:
    client = Client("whatsapp")

    assert upload(client, product="messenger") == (100, None)
    body = {"messaging_product": "whatsapp"}
    assert client.post(f"/{client.id}/media", body).error == (100, None)
    assert client.post("/42/media", body).error == (100, 33)


def test_phone_numbers() -> None:
    client = Client("whatsapp")
    (number,) = client.get(f"/{client.own.business_account_id}/phone_numbers").body["data"]

    assert number["id"] == client.id
    assert number["display_phone_number"] == client.own.display_phone_number
    assert client.get("/42/phone_numbers").error == (100, 33)


def test_message_templates() -> None:
    client = Client("whatsapp")
    path = f"/{client.own.business_account_id}/message_templates"
    body = {"name": "hello", "language": "en_US", "category": "UTILITY"}
    made = client.post(path, body)

    assert (made.body["status"], made.body["category"]) == ("APPROVED", "UTILITY")
    assert [one["name"] for one in client.get(path).body["data"]] == ["hello"]
    assert client.post(path, body).error == (100, None)
    assert client.post(path, {"name": "other"}).error == (100, None)
    assert client.post(path, {}).error == (100, None)


def test_business_profile() -> None:
    client = Client("whatsapp")
    path = f"/{client.id}/whatsapp_business_profile"
    body = {"messaging_product": "whatsapp", "about": "We sell tea"}

    assert client.post(path, body).body == {"success": True}
    assert client.get(path).body == {
        "data": [{"messaging_product": "whatsapp", "about": "We sell tea"}]
    }
    assert client.post(path, {"about": "a"}).error == (100, None)


@pytest.mark.parametrize("edge", ["register", "deregister"])
def test_register(edge: str) -> None:
    client = Client("whatsapp")

    assert client.post(f"/{client.id}/{edge}", json.loads("{}")).body == {"success": True}


@pytest.mark.parametrize(
    "path", ["media", "register", "whatsapp_business_profile", "message_templates"]
)
def test_messenger__has_none_of_these(path: str) -> None:
    assert Client().post(f"/me/{path}", {"messaging_product": "whatsapp"}).error == (100, 33)
