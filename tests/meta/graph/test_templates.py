"""Structured messages: what they need, and what can be read of them."""

import pytest

from emulator.meta.graph.addressing import Refusal
from emulator.meta.graph.templates import RULES, read_template, refuse_buttons

BUTTON = {"type": "postback", "title": "Yes", "payload": "YES"}
LINK = {"type": "web_url", "title": "Shop", "url": "https://shop.example"}
PLACE = "message[attachment][payload]"


def said(refusal: object) -> str:
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.status) == (100, 400)
    return refusal.message.removeprefix("(#100) ")


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"template_type": "button", "text": "Sure?", "buttons": [BUTTON, LINK]}, "Sure?"),
        ({"template_type": "button", "text": "x" * 640, "buttons": [BUTTON]}, "x" * 640),
        (
            {
                "template_type": "generic",
                "elements": [
                    {"title": "One", "subtitle": "first", "buttons": [BUTTON]},
                    {"title": "Two"},
                ],
            },
            "One\nfirst\nTwo",
        ),
        ({"template_type": "media", "elements": [{"media_type": "image", "url": "u"}]}, ""),
        ({"template_type": "product", "elements": [{"id": "1"}] * 10}, ""),
        (
            {
                "template_type": "receipt",
                "recipient_name": "Ada",
                "order_number": "1",
                "currency": "EUR",
                "payment_method": "card",
                "summary": {"total_cost": 1},
            },
            "",
        ),
        ({"template_type": "coupon", "title": "10% off"}, "10% off"),
        (
            {
                "template_type": "customer_feedback",
                "title": "How was it?",
                "subtitle": "Tell us",
                "button_title": "Rate",
                "feedback_screens": [{}],
            },
            "How was it?\nTell us",
        ),
        ({"template_type": "list", "elements": [{"title": "a"}, {"title": "b"}]}, "a\nb"),
        (
            {
                "template_type": "airline_update",
                "intro_message": "Delayed",
                "locale": "en_US",
                "update_type": "delay",
                "update_flight_info": {"flight_number": "1"},
            },
            "Delayed",
        ),
    ],
)
def test_template__read(payload: dict[str, object], text: str) -> None:
    assert read_template(payload) == text


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({}, f"Param {PLACE}[template_type] must be one of {', '.join(RULES)}"),
        (
            {"template_type": "button", "text": "a"},
            f"The parameter {PLACE}[buttons] is required",
        ),
        (
            {"template_type": "button", "text": "x" * 641, "buttons": [BUTTON]},
            f"Length of param {PLACE}[text] must be less than or equal to 640",
        ),
        (
            {"template_type": "button", "text": "a", "buttons": [BUTTON] * 4},
            f"Param {PLACE}[buttons] must have 1 to 3 elements",
        ),
        (
            {"template_type": "generic", "elements": [{"title": "a"}] * 11},
            f"Param {PLACE}[elements] must have 1 to 10 elements",
        ),
        (
            {"template_type": "generic", "elements": [{"subtitle": "a"}]},
            f"The parameter {PLACE}[elements][0][title] is required",
        ),
        (
            {"template_type": "generic", "elements": [{"title": "x" * 81}]},
            f"Length of param {PLACE}[elements][0][title] must be less than or equal to 80",
        ),
        (
            {"template_type": "generic", "elements": [{"title": "a", "buttons": [{}]}]},
            f"Param {PLACE}[elements][0][buttons][0][type] must be one of web_url, postback, "
            "phone_number, account_link, account_unlink, game_play, payment, element_share",
        ),
        (
            {"template_type": "media", "elements": [{}, {}]},
            f"Param {PLACE}[elements] must have 1 elements",
        ),
        (
            {"template_type": "list", "elements": [{"title": "a"}]},
            f"Param {PLACE}[elements] must have 2 to 4 elements",
        ),
        (
            {"template_type": "generic", "elements": ["a"]},
            f"Param {PLACE}[elements][0] must be an object",
        ),
        ({"template_type": "coupon"}, f"The parameter {PLACE}[title] is required"),
    ],
)
def test_template__refused(payload: dict[str, object], error: str) -> None:
    assert said(read_template(payload)) == error


@pytest.mark.parametrize(
    ("button", "error"),
    [
        (
            {**BUTTON, "title": "x" * 21},
            "Length of param p[buttons][0][title] must be less than or equal to 20",
        ),
        (
            {**BUTTON, "payload": "x" * 1001},
            "Length of param p[buttons][0][payload] must be less than or equal to 1000",
        ),
        ({"type": "postback", "title": "a"}, "The parameter p[buttons][0][payload] is required"),
        ({"type": "web_url", "title": "a"}, "The parameter p[buttons][0][url] is required"),
        ("a", "Param p[buttons][0] must be an object"),
    ],
)
def test_button__refused(button: object, error: str) -> None:
    assert said(refuse_buttons([button], "p")) == error


@pytest.mark.parametrize(
    "button",
    [
        {**BUTTON, "title": "x" * 20, "payload": "x" * 1000},
        {"type": "account_link", "url": "https://a.example"},
        {"type": "phone_number", "title": "Call", "payload": "+15550001"},
    ],
)
def test_button__accepted(button: object) -> None:
    assert refuse_buttons([button], "p") is None


def test_buttons__are_an_array() -> None:
    assert said(refuse_buttons("a", "p")) == "Param p[buttons] must be an array"
