"""Requests to send on WhatsApp, read and refused."""

from typing import Any

import pytest

from emulator.meta.graph.addressing import Refusal
from emulator.meta.sends.requests import Gesture, Say
from emulator.meta.sends.whatsapp_requests import TYPES, read_whatsapp_send, template_of

HEAD = {"messaging_product": "whatsapp", "to": "15550001"}
BUTTON = {"type": "reply", "reply": {"id": "x" * 256, "title": "x" * 20}}
ROW = {"id": "x" * 200, "title": "x" * 24, "description": "x" * 72}


def read(kind: str, content: object, **more: object) -> Say | Gesture | Refusal:
    return read_whatsapp_send({**HEAD, "type": kind, kind: content, **more})


def interactive(kind: str, action: dict[str, Any], text: str = "Choose") -> Say | Gesture | Refusal:
    return read("interactive", {"type": kind, "body": {"text": text}, "action": action})


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("text", {"body": "x" * 4096}, "x" * 4096),
        ("image", {"id": "1", "caption": "x" * 1024}, "x" * 1024),
        ("audio", {"link": "https://a.example/a.ogg"}, ""),
        ("video", {"id": 1}, ""),
        ("document", {"link": "http://a.example", "filename": "a.pdf", "caption": "a"}, "a"),
        ("sticker", {"id": "1"}, ""),
        ("location", {"latitude": 52.5, "longitude": "-180", "name": "Here"}, "Here"),
        ("contacts", [{"name": {"formatted_name": "Bo", "first_name": "Bo"}}], "Bo"),
        (
            "template",
            {
                "name": "hello_world",
                "language": {"code": "en_US"},
                "components": [
                    {"type": "body", "parameters": [{"type": "text", "text": "Ada"}]},
                ],
            },
            "Ada",
        ),
    ],
)
def test_message__of_every_type(kind: str, content: object, text: str) -> None:
    wanted = read(kind, content)

    assert isinstance(wanted, Say)
    assert (wanted.to, wanted.text, wanted.kind) == ("15550001", text, kind)
    assert wanted.occasion == ("template" if kind == "template" else "RESPONSE")


def test_message__to_a_user_id() -> None:
    wanted = read_whatsapp_send(
        {"messaging_product": "whatsapp", "recipient": "US.1", "text": {"body": "hi"}}
    )

    assert wanted == Say("US.1", "hi")


def test_message__quotes_another() -> None:
    wanted = read("text", {"body": "hi"}, context={"message_id": "wamid.A"})

    assert isinstance(wanted, Say)
    assert wanted.reply_to == "wamid.A"


def test_template__has_its_name() -> None:
    wanted = read("template", {"name": "a", "language": {"code": "en"}})

    assert isinstance(wanted, Say)
    assert template_of(wanted) == "a"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"message_id": "wamid.A", "emoji": "👍"}, Gesture("15550001", "react", "wamid.A", "👍")),
        ({"message_id": "wamid.A", "emoji": ""}, Gesture("15550001", "unreact", "wamid.A")),
        ({"message_id": "wamid.A"}, Gesture("15550001", "unreact", "wamid.A")),
    ],
)
def test_reaction(content: dict[str, str], expected: Gesture) -> None:
    assert read("reaction", content) == expected


@pytest.mark.parametrize(
    ("more", "action"),
    [({}, "mark_seen"), ({"typing_indicator": {"type": "text"}}, "typing_on")],
)
def test_read_mark(more: dict[str, object], action: str) -> None:
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A", **more}

    assert read_whatsapp_send(mark) == Gesture("", action, "wamid.A")


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("button", {"buttons": [BUTTON]}),
        ("list", {"button": "x" * 20, "sections": [{"rows": [ROW] * 5}, {"rows": [ROW] * 5}]}),
        ("cta_url", {"name": "cta_url", "parameters": {"display_text": "a", "url": "b"}}),
        ("location_request_message", {"name": "send_location"}),
    ],
)
def test_interactive__at_its_limits(kind: str, action: dict[str, Any]) -> None:
    text = "x" * (4096 if kind == "list" else 1024)
    wanted = interactive(kind, action, text)

    assert isinstance(wanted, Say)
    assert (wanted.kind, wanted.text) == ("interactive", text)


@pytest.mark.parametrize(
    ("wanted", "code", "told"),
    [
        (read_whatsapp_send(None), 100, "(#100) The body is neither a JSON object nor a form"),
        (
            read_whatsapp_send({"to": "1"}),
            100,
            "(#100) The parameter messaging_product is required",
        ),
        (
            read_whatsapp_send({"messaging_product": "whatsapp", "text": {"body": "a"}}),
            *(100, "(#100) The parameter to is required"),
        ),
        (read("poem", {}), 100, f"(#100) Param type must be one of {', '.join(TYPES)}"),
        (
            read("text", {"body": "a"}, recipient_type="all"),
            *(100, "(#100) Param recipient_type must be one of individual, group"),
        ),
        (read("text", "a"), 131008, "Parameter text is missing"),
        (read("text", {"body": ""}), 131008, "Parameter text['body'] is missing"),
        (
            read("text", {"body": "x" * 4097}),
            *(100, "(#100) Param text['body'] must be at most 4096 characters long."),
        ),
        (read("image", {}), 131008, "Parameter image['id'] or image['link'] is missing"),
        (
            read("image", {"link": "ftp://a"}),
            *(131009, "Parameter image['link'] is not a valid URL"),
        ),
        (
            read("image", {"id": "1", "caption": "x" * 1025}),
            *(100, "(#100) Param image['caption'] must be at most 1024 characters long."),
        ),
        (
            read("audio", {"id": "1", "caption": "a"}),
            *(100, '(#100) Unexpected key "caption" on param "audio".'),
        ),
        (read("location", {"latitude": 1}), 131008, "Parameter location['longitude'] is missing"),
        (
            read("location", {"latitude": 90.1, "longitude": 0}),
            *(131009, "Parameter location['latitude'] is not a valid coordinate"),
        ),
        (read("contacts", []), 131008, "Parameter contacts is missing"),
        (
            read("contacts", [{"name": {}}]),
            *(131008, "Parameter contacts[0]['name']['formatted_name'] is missing"),
        ),
        (read("template", {"language": {}}), 131008, "Parameter template['name'] is missing"),
        (
            read("template", {"name": "a"}),
            *(131008, "Parameter template['language']['code'] is missing"),
        ),
        (
            read("reaction", {"emoji": "👍"}),
            *(131008, "Parameter reaction['message_id'] is missing"),
        ),
        (
            read_whatsapp_send({"messaging_product": "whatsapp", "status": "delivered"}),
            *(100, "(#100) Param status must be one of read"),
        ),
        *(
            (interactive(kind, action, text), 131009, told)
            for kind, action, text, told in (
                (
                    *("button", {"buttons": [BUTTON] * 4}, "a"),
                    "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3",
                ),
                ("button", {"buttons": [BUTTON] * 2}, "a", "Button ids are not unique"),
                (
                    *("button", {"buttons": [{"reply": {"id": "a", "title": "x" * 21}}]}, "a"),
                    "Button title length invalid. Min length: 1, Max length: 20",
                ),
                (
                    *("list", {"button": "a", "sections": [{"rows": [ROW] * 11}]}, "a"),
                    "Total row count exceed max allowed count: 10",
                ),
                (
                    "list",
                    {"button": "a", "sections": [{"rows": [{**ROW, "title": "x" * 25}]}]},
                    *("a", "Row title length invalid. Min length: 1, Max length: 24"),
                ),
                (
                    *("button", {"buttons": [BUTTON]}, "x" * 1025),
                    "Body text length invalid. Min length: 1, Max length: 1024",
                ),
            )
        ),
        (
            read(
                "interactive",
                {"type": "button", "body": {"text": "a"}, "footer": {"text": "x" * 61}},
            ),
            *(131009, "Footer text length invalid. Min length: 1, Max length: 60"),
        ),
    ],
)
def test_message__refused(wanted: object, code: int, told: str) -> None:
    assert isinstance(wanted, Refusal)
    assert (wanted.code, wanted.status) == (code, 400)
    assert told == (wanted.message if code == 100 else wanted.details)
