"""Send requests, read and refused."""

import pytest

from emulator.meta.graph import (
    DEFAULT_VERSION,
    Address,
    Gesture,
    Refusal,
    Say,
    read_address,
    read_send,
    unsupported,
)

TO = {"id": "26628309676818465"}


@pytest.mark.parametrize(
    ("path", "version", "segments"),
    [
        ("/me/messages", DEFAULT_VERSION, ("me", "messages")),
        ("/v2.6/me/messages", "v2.6", ("me", "messages")),
        ("/v23.0//me/messages/", "v23.0", ("me", "messages")),
        ("//v26.0/me//messages//", "v26.0", ("me", "messages")),
        ("/v2/me/messages", DEFAULT_VERSION, ("v2", "me", "messages")),
        ("/v6.0/", "v6.0", ()),
        ("/", DEFAULT_VERSION, ()),
    ],
)
def test_read_address(path: str, version: str, segments: tuple[str, ...]) -> None:
    assert read_address(path) == Address(version, segments)


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
            "Param sender_action must be one of typing_on, typing_off, mark_seen",
        ),
        (
            {"recipient": TO, "sender_action": "react", "payload": {"message_id": "m_1"}},
            "Param sender_action must be one of typing_on, typing_off, mark_seen",
        ),
        (
            {"recipient": TO, "sender_action": ["typing_on"]},
            "Param sender_action must be one of typing_on, typing_off, mark_seen",
        ),
    ],
)
def test_read_send__refused(parameters: dict[str, object] | None, message: str) -> None:
    refusal = read_send(parameters)

    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.status) == (100, 400)
    assert refusal.message == f"(#100) {message}"


def test_envelope__without_subcode() -> None:
    assert Refusal(190, "no").envelope("A1") == {
        "error": {"message": "no", "type": "OAuthException", "code": 190, "fbtrace_id": "A1"}
    }


def test_unsupported__names_the_object() -> None:
    assert unsupported("GET", read_address("/v2.6/42/likes")).envelope("A1") == {
        "error": {
            "message": "Unsupported get request. Object with ID '42' does not exist, cannot be "
            "loaded due to missing permissions, or does not support this operation",
            "type": "GraphMethodException",
            "code": 100,
            "error_subcode": 33,
            "fbtrace_id": "A1",
        }
    }
