"""What an app asks to be told of."""

import pytest

from emulator.meta.delivery.subscribed import Subscribed, read_subscribed_fields
from emulator.meta.graph.addressing import Refusal
from emulator.meta.platform import Field


@pytest.mark.parametrize(
    "asked",
    ["messages,standby", " messages , standby", ["messages", "standby"], '["messages","standby"]'],
)
def test_read_subscribed_fields__spellings(asked: object) -> None:
    expected: frozenset[Field] = frozenset({"messages", "standby"})

    assert read_subscribed_fields({"subscribed_fields": asked}) == expected


@pytest.mark.parametrize(
    "parameters", [None, {}, {"subscribed_fields": 5}, {"subscribed_fields": []}]
)
def test_read_subscribed_fields__none(parameters: dict[str, object] | None) -> None:
    refusal = read_subscribed_fields(parameters)

    assert isinstance(refusal, Refusal)
    assert refusal.message == "(#100) The parameter subscribed_fields is required"


def test_read_subscribed_fields__unknown() -> None:
    refusal = read_subscribed_fields({"subscribed_fields": "messages,moods"})

    assert isinstance(refusal, Refusal)
    assert refusal.message.startswith(
        "(#100) Param subscribed_fields[1] must be one of messages, messaging_postbacks, "
    )
    assert refusal.message.endswith(" - got moods")


def test_listing__of_an_app_that_is_told() -> None:
    subscribed = Subscribed(frozenset({"standby", "messages"}))

    assert subscribed.listing(app_id="7", link="https://bot.example") == {
        "data": [
            {
                "category": "Business",
                "link": "https://bot.example",
                "name": "Fake App",
                "id": "7",
                "subscribed_fields": ["messages", "standby"],
            }
        ]
    }


def test_listing__of_an_app_that_is_not() -> None:
    subscribed = Subscribed(frozenset({"messages"}), "disabled")

    assert subscribed.listing(app_id="7", link="https://bot.example") == {"data": []}
