"""What requests touch, and whom they are for, before they are answered."""

import json
from typing import Any

import pytest

from emulator.call import Access
from emulator.exchange import Request
from tests.meta.graph_support import JSON, ORIGIN, Client


def access(client: Client, method: str, path: str, body: object = None) -> Access:
    raw = b"" if body is None else json.dumps(body).encode()
    return client.account.access(Request(method, ORIGIN + path, JSON, raw))


@pytest.mark.parametrize("platform", ["messenger", "instagram", "whatsapp"])
def test_access__of_a_send_is_the_conversation(platform: Any) -> None:
    client = Client(platform)
    whatsapp = {"messaging_product": "whatsapp", "to": f"+{client.ada}", "text": {"body": "a"}}
    body = {"recipient": {"id": client.ada}, "message": {"text": "a"}}
    sent = whatsapp if platform == "whatsapp" else body

    assert access(client, "POST", f"/{client.id}/messages", sent) == Access(
        "send", writes=frozenset({f"graph:recipient:{client.ada}"})
    )


def test_access__of_a_file_with_a_message_is_the_same() -> None:
    client = Client()
    body = {"recipient": {"id": client.ada}, "message": {"attachment": {"type": "image"}}}

    assert access(client, "POST", "/me/messages", body).writes == {f"graph:recipient:{client.ada}"}


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/me", Access("profile", frozenset({"graph:profile:100000000000001"}))),
        ("GET", "/42", Access("profile", frozenset({"graph:profile:42"}))),
        ("DELETE", "/42", Access("profile", writes=frozenset({"graph:profile:42"}))),
        ("GET", "/me/subscribed_apps", Access("subscription", frozenset({"graph:subscription"}))),
        (
            "POST",
            "/me/subscribed_apps",
            Access("subscription", writes=frozenset({"graph:subscription"})),
        ),
        (
            "POST",
            "/me/take_thread_control",
            Access("handover", writes=frozenset({"graph:handover"})),
        ),
        ("POST", "/me/messages", Access("send")),
        ("GET", "/me/messages", Access("request")),
        ("POST", "/me/likes", Access("request")),
        ("POST", "/", Access("batch")),
    ],
)
def test_access__of_other_calls(method: str, path: str, expected: Access) -> None:
    assert access(Client(), method, path) == expected


def test_access__of_whatsapp_files() -> None:
    request = Request("GET", "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1")

    assert Client("whatsapp").account.access(request) == Access("file")


def test_recipient__and_text_of_a_send() -> None:
    client = Client()
    body = {"recipient": {"id": client.ada}, "message": {"text": "hi"}}
    request = Request("POST", f"{ORIGIN}/me/messages", JSON, json.dumps(body).encode())

    assert client.account.graph.recipient(request) == (client.ada, "hi")


def test_recipient__of_a_sender_action_and_of_other_calls() -> None:
    client = Client()
    body = json.dumps({"recipient": {"id": client.ada}, "sender_action": "typing_on"}).encode()
    recipient = client.account.graph.recipient

    assert recipient(Request("POST", f"{ORIGIN}/me/messages", JSON, body)) == (client.ada, "")
    assert recipient(Request("GET", f"{ORIGIN}/me/messages", JSON, body)) == (None, "")
    assert recipient(Request("POST", f"{ORIGIN}/me/personas", JSON, body)) == (None, "")
    assert recipient(Request("POST", f"{ORIGIN}/me/messages", JSON, b"{")) == (None, "")


def test_recipient__of_whatsapp_by_any_address() -> None:
    client = Client("whatsapp")
    alias = client.account.contacts.alias(client.ada)
    body = {"messaging_product": "whatsapp", "recipient": alias, "text": {"body": "hi"}}
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A"}
    path = f"{ORIGIN}/{client.id}/messages"
    recipient = client.account.graph.recipient

    assert recipient(Request("POST", path, JSON, json.dumps(body).encode())) == (client.ada, "hi")
    assert recipient(Request("POST", path, JSON, json.dumps(mark).encode())) == (None, "")
