"""Send requests, read and refused."""

import pytest

from emulator.meta.graph.addressing import Refusal
from emulator.meta.sends.requests import Gesture, Say, read_send

TO = {"id": "26628309676818465"}
ACTIONS = "Param sender_action must be one of typing_on, typing_off, mark_seen, react, unreact"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"recipient": TO, "message": {"text": "hi"}}, Say(TO["id"], "hi")),
        (
            {"recipient": TO, "message": {"text": "hi"}, "messaging_type": "RESPONSE"},
            Say(TO["id"], "hi"),
        ),
        (
            {"recipient": '{"id":"7"}', "message": "{'text':'hi'}", "messaging_type": "UPDATE"},
            Say("7", "hi", occasion="UPDATE"),
        ),
        ({"recipient": {"id": 7}, "message": {"text": " "}}, Say("7", " ")),
        ({"recipient": {"id": "7"}, "message": {"text": "é" * 2000}}, Say("7", "é" * 2000)),
        ({"recipient": {"id": "7"}, "message": {"text": "\ud800!"}}, Say("7", "\ufffd!")),
        (
            {"recipient": {"id": "7"}, "message": {"text": "hi", "quick_replies": []}},
            Say("7", "hi"),
        ),
        (
            {"recipient": TO, "message": {"text": "hi", "metadata": "\ud800" + "m" * 999}},
            Say(TO["id"], "hi", "\ufffd" + "m" * 999),
        ),
        (
            {
                "recipient": TO,
                "message": {"text": "hi"},
                "messaging_type": "MESSAGE_TAG",
                "tag": "HUMAN_AGENT",
            },
            Say(TO["id"], "hi", occasion="HUMAN_AGENT"),
        ),
        (
            {"recipient": TO, "message": {"text": "hi"}, "tag": "HUMAN_AGENT"},
            Say(TO["id"], "hi", occasion="RESPONSE"),
        ),
        ({"recipient": TO, "sender_action": "typing_on"}, Gesture(TO["id"], "typing_on")),
        ({"recipient": TO, "sender_action": "typing_off"}, Gesture(TO["id"], "typing_off")),
        ({"recipient": TO, "sender_action": "mark_seen"}, Gesture(TO["id"], "mark_seen")),
        (
            {
                "recipient": TO,
                "sender_action": "react",
                "payload": {"message_id": "m_1", "reaction": "love"},
            },
            Gesture(TO["id"], "react", "m_1", "love"),
        ),
        (
            {"recipient": TO, "sender_action": "unreact", "payload": {"message_id": "m_1"}},
            Gesture(TO["id"], "unreact", "m_1"),
        ),
    ],
)
def test_read_send__accepted(parameters: dict[str, object], expected: Say | Gesture) -> None:
    assert read_send(parameters) == expected


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (None, "The body is neither a JSON object nor a form"),
        ({}, "The parameter recipient is required"),
        ({"recipient": "7"}, "The parameter recipient is required"),
        ({"recipient": {}}, "The parameter recipient[id] is required"),
        ({"recipient": {"id": True}}, "The parameter recipient[id] is required"),
        ({"recipient": {"id": ""}}, "The parameter recipient[id] is required"),
        ({"recipient": TO}, "The parameter message or sender_action is required"),
        ({"recipient": TO, "message": "hi"}, "Param message must be an object"),
        ({"recipient": TO, "message": {}}, "The parameter message[text] is required"),
        ({"recipient": TO, "message": {"text": 5}}, "Param message[text] must be a string"),
        ({"recipient": TO, "message": {"text": ""}}, "Param message[text] must not be empty"),
        (
            {"recipient": TO, "message": {"text": "x" * 2001}},
            "Length of param message[text] must be less than or equal to 2000",
        ),
        (
            {"recipient": TO, "message": {"text": "hi", "metadata": {}}},
            "Param message[metadata] must be a string",
        ),
        (
            {"recipient": TO, "message": {"text": "hi", "metadata": "m" * 1001}},
            "Length of param message[metadata] must be less than or equal to 1000",
        ),
        (
            {"recipient": TO, "message": {"text": "hi"}, "messaging_type": "LETTER"},
            "Param messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG, UTILITY",
        ),
        *(
            (
                {
                    "recipient": TO,
                    "message": {"text": "hi"},
                    "messaging_type": "MESSAGE_TAG",
                    **tag,
                },
                "Param tag must be one of ACCOUNT_UPDATE, CONFIRMED_EVENT_UPDATE, HUMAN_AGENT, "
                "POST_PURCHASE_UPDATE",
            )
            for tag in ({}, {"tag": "PAIRING_UPDATE"}, {"tag": ["HUMAN_AGENT"]})
        ),
        (
            {"recipient": TO, "message": {"text": "hi"}, "sender_action": "typing_on"},
            "Cannot specify both message and sender_action",
        ),
        (
            {"recipient": TO, "sender_action": "dance"},
            ACTIONS,
        ),
        (
            {"recipient": TO, "sender_action": "react", "payload": {"message_id": "m_1"}},
            "The parameter payload[reaction] is required",
        ),
        (
            {"recipient": TO, "sender_action": ["typing_on"]},
            ACTIONS,
        ),
    ],
)
def test_read_send__refused(parameters: dict[str, object] | None, message: str) -> None:
    refusal = read_send(parameters)

    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.status) == (100, 400)
    assert refusal.message == f"(#100) {message}"


@pytest.mark.parametrize(
    "addressed",
    ["id", "user_ref", "phone_number", "comment_id", "post_id", "notification_messages_token"],
)
def test_recipient__in_every_form(addressed: str) -> None:
    wanted = read_send({"recipient": {addressed: "7"}, "message": {"text": "hi"}})

    assert isinstance(wanted, Say)
    assert (wanted.to, wanted.addressed) == ("7", addressed)


def test_message__with_all_that_can_be_beside_the_text() -> None:
    reply = {"content_type": "text", "title": "Yes", "payload": "YES"}
    message = {"text": "hi", "quick_replies": [reply], "reply_to": {"mid": "m_1"}}
    wanted = read_send(
        {
            "recipient": TO,
            "message": message,
            "persona_id": 5,
            "notification_type": "SILENT_PUSH",
        }
    )

    assert wanted == Say(TO["id"], "hi", reply_to="m_1", quick_replies=(reply,), persona="5")


def test_message__a_template() -> None:
    template = {
        "type": "template",
        "payload": {"template_type": "coupon", "title": "10% off"},
    }
    wanted = read_send({"recipient": TO, "message": {"attachment": template}})

    assert wanted == Say(TO["id"], "10% off", kind="template", attachments=(template,))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"message": {"text": "a", "attachment": {"type": "image"}}},
            "Cannot specify both message[text] and message[attachment]",
        ),
        (
            {"message": {"text": "a"}, "notification_type": "LOUD"},
            "Param notification_type must be one of REGULAR, SILENT_PUSH, NO_PUSH",
        ),
        ({"sender_action": "unreact"}, "The parameter payload[message_id] is required"),
    ],
)
def test_read_send__refused_besides(parameters: dict[str, object], message: str) -> None:
    refusal = read_send({"recipient": TO, **parameters})

    assert isinstance(refusal, Refusal)
    assert refusal.message == f"(#100) {message}"


def test_tags__of_instagram() -> None:
    tagged = {"recipient": TO, "message": {"text": "a"}, "messaging_type": "MESSAGE_TAG"}
    agent = read_send({**tagged, "tag": "HUMAN_AGENT"}, platform="instagram")
    update = read_send({**tagged, "tag": "ACCOUNT_UPDATE"}, platform="instagram")

    assert isinstance(agent, Say)
    assert isinstance(update, Refusal)
    assert update.message == "(#100) Param tag must be one of HUMAN_AGENT"
