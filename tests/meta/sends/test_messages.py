"""What becomes of sends: whom they reach, and when they may."""

import json
from typing import Any

import pytest

from emulator.exchange import Request
from emulator.meta import GraphOptions
from emulator.meta.graph.tokens import appsecret_proof
from tests.meta.graph_support import JSON, ORIGIN, Client, call_of, replied

DAY = 86_400.0
IMAGE = {"type": "image", "payload": {"url": "https://a.example/b.png"}}


@pytest.mark.parametrize("node", ["me", "id"])
def test_send__of_a_page(node: str) -> None:
    client = Client()
    path = f"/v23.0/{client.id if node == 'id' else node}/messages"
    answer = client.post(path, {"recipient": {"id": client.ada}, "message": {"text": "hi"}})
    (sent,) = client.account.sent

    assert answer.body == {"recipient_id": client.ada, "message_id": sent.message_id}
    assert sent.message_id.startswith("m_")


@pytest.mark.parametrize("origin", ["https://graph.facebook.com", "https://graph.instagram.com"])
@pytest.mark.parametrize("token", ["instagram_token", "page_token"])
def test_send__of_an_instagram_account(origin: str, token: str) -> None:
    client = Client("instagram")
    url = f"{origin}/v23.0/{client.id}/messages?access_token={getattr(client.own, token)}"
    body = json.dumps({"recipient": {"id": client.ada}, "message": {"text": "hi"}}).encode()
    reply = client.account.handle(Request("POST", url, JSON, body))
    (sent,) = client.account.sent

    assert json.loads(reply.body) == {"recipient_id": client.ada, "message_id": sent.message_id}
    assert sent.message_id.startswith("aWdfZAG1faXRlbToxOklHTWVzc2FnZ")


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
def test_send__to_the_account_itself(platform: Any) -> None:
    assert (client := Client(platform)).say(to=client.id).error == (100, 2018001)


def test_send__to_the_page_itself_where_that_is_accepted() -> None:
    client = Client(options=GraphOptions(echo_to_self="accept"))

    assert client.say(to=client.id).status == 200


def test_window__of_instagram() -> None:
    client = Client("instagram")
    client.advance(DAY)
    late = client.say()

    assert (late.status, late.error) == (403, (10, 2534022))
    assert late.body["error"]["type"] == "IGApiException"
    assert client.say(messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT").status == 200
    client.advance(6 * DAY)
    assert client.say(messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT").error == (10, 2534022)


def test_window__is_longer_after_a_click_on_an_ad() -> None:
    client = Client()
    client.account.contacts.came_from_ad(client.ada)
    client.advance(7 * DAY - 1)
    assert client.say().status == 200
    client.advance(1)
    assert client.say().error == (10, 2018278)


def test_window__is_as_usual_once_they_wrote_again() -> None:
    client = Client()
    client.account.contacts.came_from_ad(client.ada)
    client.account.message("again")
    client.advance(DAY)

    assert client.say().error == (10, 2018278)


@pytest.mark.parametrize("addressed", ["user_ref", "phone_number"])
def test_recipient__that_the_app_does_not_know_by_id(addressed: str) -> None:
    client = Client()
    client.account.contacts.also_known_as("+1(555)0001", client.ada)
    answer = client.say(to={addressed: "+1(555)0001"})

    assert list(answer.body) == ["message_id"]
    assert client.account.sent[0].to == client.ada
    assert client.say(to={addressed: "nobody"}).error == (100, 2018001)


def test_recipient__who_asked_to_be_told_can_be_told_at_any_time() -> None:
    client = Client()
    client.account.contacts.also_known_as("token", client.ada)
    client.advance(30 * DAY)

    assert client.say(to={"notification_messages_token": "token"}).status == 200


def test_attachment__by_its_link() -> None:
    client = Client()
    answer = client.say({"attachment": IMAGE})
    (sent,) = client.account.sent

    assert list(answer.body) == ["recipient_id", "message_id"]
    assert (sent.kind, sent.text, sent.attachments) == ("image", "", (IMAGE,))


def test_attachment__that_is_reusable_gets_an_id() -> None:
    client = Client()
    reusable = {"type": "image", "payload": {**IMAGE["payload"], "is_reusable": True}}  # type: ignore[dict-item]
    attachment_id = client.say({"attachment": reusable}).body["attachment_id"]
    again = {"type": "image", "payload": {"attachment_id": attachment_id}}

    assert attachment_id.isdecimal()
    assert list(client.say({"attachment": again}).body) == ["recipient_id", "message_id"]
    assert [sent.attachments for sent in client.account.sent] == [(IMAGE,), (IMAGE,)]


def test_attachment__with_an_id_that_does_not_exist() -> None:
    unknown = {"type": "image", "payload": {"attachment_id": "123"}}
    answer = Client().say({"attachment": unknown})

    assert answer.error == (100, None)
    assert answer.body["error"]["message"] == (
        "(#100) Attachment 123 is not one of this type that can be sent"
    )


@pytest.mark.parametrize(
    ("kind", "size", "status"), [("image", 8_000_000, 200), ("image", 8_000_001, 400)]
)
def test_attachment__uploaded_with_the_message(kind: str, size: int, status: int) -> None:
    client = Client()
    body = b"".join(
        (
            b'--x\r\nContent-Disposition: form-data; name="recipient"\r\n\r\n',
            json.dumps({"id": client.ada}).encode(),
            b'\r\n--x\r\nContent-Disposition: form-data; name="message"\r\n\r\n',
            json.dumps({"attachment": {"type": kind, "payload": {}}}).encode(),
            b'\r\n--x\r\nContent-Disposition: form-data; name="filedata"; filename="a.png"\r\n'
            b"Content-Type: image/png\r\n\r\n",
            b"x" * size,
            b"\r\n--x--\r\n",
        )
    )
    answer = client.post(
        "/me/messages", body, headers=(("Content-Type", "multipart/form-data; boundary=x"),)
    )

    assert answer.status == status
    if status == 400:
        assert answer.error == (100, 2018109)
        return
    (sent,) = client.account.sent
    link = sent.attachments[0]["payload"]["url"]  # type: ignore[index]
    assert client.account.handle(Request("GET", link)).status == 200


def test_template__keeps_its_payload_for_the_echo() -> None:
    client = Client()
    payload = {"template_type": "coupon", "title": "10% off"}
    client.say({"attachment": {"type": "template", "payload": payload}})
    (sent,) = client.account.sent

    assert (sent.text, sent.kind) == ("10% off", "template")
    assert sent.attachments == ({"type": "template", "payload": payload},)


def test_persona__has_to_exist() -> None:
    client = Client()
    made = client.post("/me/personas", {"name": "Zoe", "profile_picture_url": "https://a.example"})

    assert client.say(persona_id=made.body["id"]).status == 200
    assert client.say(persona_id="5").error == (100, None)


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
def test_reaction__of_the_bot(platform: Any) -> None:
    client = Client(platform)
    body = {
        "recipient": {"id": client.ada},
        "sender_action": "react",
        "payload": {"message_id": "m_1", "reaction": "love"},
    }
    answer = client.post("/me/messages", body)
    (action,) = client.account.actions

    assert answer.body == {"recipient_id": client.ada}
    assert (action.action, action.mid, action.reaction) == ("react", "m_1", "love")


def test_private_reply__once_for_each_comment() -> None:
    client = Client()
    client.account.nodes.comments.wrote("9_1", client.ada, at=0.0)
    first = client.say(to={"comment_id": "9_1"})

    assert first.body["recipient_id"] == client.ada
    assert client.say(to={"comment_id": "9_1"}).error == (10900, None)
    assert client.account.sent_count == 1


@pytest.mark.parametrize(("after", "status"), [(7 * DAY - 1, 200), (7 * DAY, 400)])
def test_private_reply__within_seven_days(after: float, status: int) -> None:
    client = Client()
    client.account.nodes.comments.wrote("9_1", client.ada, at=0.0)
    client.advance(after)
    answer = client.say(to={"post_id": "9_1"})

    assert answer.status == status
    assert status == 200 or answer.error == (10, 2018278)


def test_private_reply__to_a_comment_that_nobody_wrote() -> None:
    assert Client().say(to={"comment_id": "9_1"}).error == (100, 2018001)


@pytest.mark.parametrize(
    "host", ["graph.facebook.com", "graph.instagram.com", "graph-video.facebook.com"]
)
@pytest.mark.parametrize("platform", ["messenger", "instagram", "whatsapp"])
def test_hosts__are_all_the_same_to_it(platform: Any, host: str) -> None:
    client = Client(platform)
    request = Request("GET", f"https://{host}/{client.id}?access_token={client.token}")

    assert client.account.claims(request)
    assert json.loads(client.account.handle(request).body)["id"] == client.id


def test_options__can_be_changed_on_the_way() -> None:
    client = Client("whatsapp")
    template = {"type": "template", "template": {"name": "hello", "language": {"code": "en"}}}
    assert client.say(template).status == 200
    client.account.graph.configure(GraphOptions(templates=("other",), proof_required=True))
    proof = appsecret_proof(client.own.app_secret, client.token)

    assert client.say(template).error == (100, None)
    assert client.say(template, appsecret_proof=proof).error == (132001, None)


def test_reply__is_for_the_message_that_the_bot_handles() -> None:
    client = Client()
    body = json.dumps({"recipient": {"id": client.ada}, "message": {"attachment": IMAGE}}).encode()
    url = f"{ORIGIN}/me/messages?access_token={client.token}"
    call = call_of(client.account, Request("POST", url, JSON, body))
    answer = replied(client.account.answer(call))
    (reply,) = client.kernel.journal.entries("reply")

    assert (reply.name, reply.roots) == ("u0.w0.r0", ("u0",))
    assert reply.detail["right_user"] is True
    assert reply.detail["message_id"] == answer.body["message_id"]
