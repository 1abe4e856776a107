"""The Messenger Profile: what is set, shown and removed, and what is refused."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.meta.graph_support import FORM, Client

PATH = "/v2.12/me/messenger_profile"
MENU = [{"locale": "default", "call_to_actions": []}]
STARTED = {"payload": "GO"}


def test_properties__are_shown_once_they_are_set() -> None:
    client = Client()
    assert client.get(PATH, fields="greeting, get_started").body == {"data": []}
    greeting = [{"locale": "default", "text": "x" * 160}]
    assert client.post(PATH, {"get_started": STARTED, "greeting": greeting}).body == {
        "result": "success"
    }
    assert client.get(PATH, fields="greeting, get_started").body == {
        "data": [{"greeting": greeting, "get_started": STARTED}]
    }


def test_properties__in_a_form() -> None:
    client = Client()
    body = urlencode({"get_started": json.dumps(STARTED)}).encode()
    client.post(PATH, body, headers=FORM)

    assert client.get(PATH, fields="get_started").body == {"data": [{"get_started": STARTED}]}


@pytest.mark.parametrize("fields", [["get_started"], "get_started"])
def test_properties__are_removed_by_the_body_of_a_delete(fields: object) -> None:
    client = Client()
    client.post(PATH, {"get_started": STARTED})
    assert client.delete(PATH, {"fields": fields}).body == {"result": "success"}
    assert client.get(PATH, fields="get_started").body == {"data": []}


def test_menu__needs_a_button_to_start() -> None:
    client = Client()
    assert client.post(PATH, {"persistent_menu": MENU}).error == (100, 2018145)
    both = {"persistent_menu": MENU, "get_started": STARTED}
    assert client.post(PATH, both).status == 200
    assert client.delete(PATH, {"fields": ["get_started"]}).error == (100, 2018145)
    assert client.delete(PATH, {"fields": ["get_started", "persistent_menu"]}).status == 200


def test_menu__of_instagram_needs_none() -> None:
    client = Client("instagram")
    body = {"platform": "instagram", "persistent_menu": MENU}

    assert client.post(PATH, body).body == {"result": "success"}
    assert client.post(PATH, {"greeting": []}).error == (100, None)


ACCEPTED: list[dict[str, Any]] = [
    {"ice_breakers": [{"question": "Where?", "payload": "W"}] * 4},
    {"ice_breakers": [{"call_to_actions": [{"question": "Where?"}] * 4, "locale": "default"}]},
    {"whitelisted_domains": ["https://a.example"] * 50},
    {"account_linking_url": "https://a.example/link"},
    {"get_started": {"payload": "x" * 1000}},
]


@pytest.mark.parametrize("body", ACCEPTED)
def test_property__accepted(body: dict[str, Any]) -> None:
    assert Client().post(PATH, body).body == {"result": "success"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"get_started": {"payload": "x" * 1001}},
            "Length of param get_started[payload] must be less than or equal to 1000",
        ),
        ({"get_started": {}}, "The parameter get_started[payload] is required"),
        (
            {"greeting": [{"locale": "default", "text": "x" * 161}]},
            "Length of param greeting[0][text] must be less than or equal to 160",
        ),
        ({"greeting": [{"text": "a"}]}, "The parameter greeting[0][locale] is required"),
        ({"greeting": "a"}, "Param greeting must be an array"),
        (
            {"ice_breakers": [{"question": "Where?"}] * 5},
            "Param ice_breakers must have at most 4 elements",
        ),
        ({"ice_breakers": [{}]}, "The parameter ice_breakers[0][question] is required"),
        (
            {"whitelisted_domains": ["https://a.example"] * 51},
            "Param whitelisted_domains must have at most 50 elements",
        ),
        (
            {"whitelisted_domains": ["http://a.example"]},
            "Param whitelisted_domains[0] must be an https URL",
        ),
        ({"account_linking_url": 5}, "Param account_linking_url must be an https URL"),
        (
            {"persistent_menu": [{"locale": "fr_FR"}]},
            "Param persistent_menu must have a menu for the locale default",
        ),
    ],
)
def test_property__refused(body: dict[str, Any], told: str) -> None:
    client = Client()
    refused = client.post(PATH, {"commands": [], **body})

    assert refused.error == (100, None)
    assert refused.body["error"]["message"] == f"(#100) {told}"
    # All or none.
    assert client.get(PATH, fields="commands").body == {"data": []}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_fields__unknown_or_missing(method: str) -> None:
    client = Client()

    assert client.ask(method, PATH).error == (100, None)
    assert client.ask(method, PATH, fields="colour").error == (100, None)


def test_profile__of_whatsapp_is_another() -> None:
    client = Client("whatsapp")

    assert client.get(f"/{client.id}/messenger_profile", fields="greeting").error == (100, 33)
