"""What the bot says when it is not configured."""

import asyncio

import pytest

from reference_bot.app import create_app
from reference_bot.settings import Settings, SettingsError
from tests.reference_bot.outside import SETTINGS, request

COMPLETE = {
    "FB_APP_SECRET": "a",
    "FB_VERIFY_TOKEN": "b",
    "FB_PAGE_TOKEN": "c",
    "QSTASH_TOKEN": "d",
    "QSTASH_CURRENT_SIGNING_KEY": "e",
    "QSTASH_NEXT_SIGNING_KEY": "f",
    "PUBLIC_URL": "https://bot.example/",
    "FIRESTORE_PROJECT": "g",
    "FIRESTORE_TOKEN": "h",
}


def test_addresses_of_the_services_have_defaults() -> None:
    settings = Settings.from_environment(COMPLETE).check()
    assert settings.graph_url == "https://graph.facebook.com/v23.0"
    assert settings.qstash_url == "https://qstash.upstash.io"
    assert settings.firestore_url == "https://firestore.googleapis.com/v1"


ONE_OF_SEVERAL = ("FB_PAGE_TOKEN", "FIRESTORE_TOKEN")


@pytest.mark.parametrize("name", [name for name in COMPLETE if name not in ONE_OF_SEVERAL])
def test_a_missing_variable_is_named(name: str) -> None:
    settings = Settings.from_environment({**COMPLETE, name: " "})
    with pytest.raises(SettingsError, match=rf"^set {name} in the bot's environment$"):
        settings.check()


def test_all_missing_variables_are_named_at_once() -> None:
    wanted = (
        "^set FB_APP_SECRET, FB_VERIFY_TOKEN, PUBLIC_URL, FB_PAGE_TOKEN or"
        " INSTAGRAM_TOKEN or WHATSAPP_TOKEN, QSTASH_TOKEN, QSTASH_CURRENT_SIGNING_KEY,"
        " QSTASH_NEXT_SIGNING_KEY, FIRESTORE_PROJECT, FIRESTORE_TOKEN or"
        " GOOGLE_SERVICE_ACCOUNT or GOOGLE_APPLICATION_CREDENTIALS in the bot's environment$"
    )
    with pytest.raises(SettingsError, match=wanted):
        Settings.from_environment({}).check()


def test_a_token_for_no_platform_is_refused() -> None:
    settings = Settings.from_environment({**COMPLETE, "FB_PAGE_TOKEN": ""})
    wanted = "^set FB_PAGE_TOKEN or INSTAGRAM_TOKEN or WHATSAPP_TOKEN in the bot's environment$"
    with pytest.raises(SettingsError, match=wanted):
        settings.check()


@pytest.mark.parametrize(
    ("names", "platforms"),
    [
        (["FB_PAGE_TOKEN"], ("messenger",)),
        (["INSTAGRAM_TOKEN"], ("instagram",)),
        (["WHATSAPP_TOKEN", "INSTAGRAM_TOKEN"], ("instagram", "whatsapp")),
    ],
)
def test_the_bot_is_where_it_has_a_token(names: list[str], platforms: tuple[str, ...]) -> None:
    environment = {**COMPLETE, "FB_PAGE_TOKEN": "", **dict.fromkeys(names, "x")}
    assert Settings.from_environment(environment).check().platforms == platforms


@pytest.mark.parametrize("name", ["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_APPLICATION_CREDENTIALS"])
def test_a_service_account_does_for_a_token(name: str) -> None:
    settings = Settings.from_environment({**COMPLETE, "FIRESTORE_TOKEN": "", name: "x"})
    assert settings.check() == settings


def test_the_breaker_opens_at_200_publishes_an_hour() -> None:
    assert Settings.from_environment(COMPLETE).publishes_per_hour == 200


@pytest.mark.parametrize("given", ["9", "0", "-1", "many", "1.5", "\u0664\u0664", "9" * 5_000])
def test_a_breaker_that_can_not_work_is_refused(given: str) -> None:
    settings = Settings.from_environment({**COMPLETE, "BREAKER_PUBLISHES_PER_HOUR": given})
    wanted = f"^BREAKER_PUBLISHES_PER_HOUR has to be a whole number from 10 on, not '{given}'$"
    with pytest.raises(SettingsError, match=wanted):
        settings.check()


def test_secrets_are_not_shown() -> None:
    shown = repr(SETTINGS)
    assert "secret" not in shown
    assert "-token" not in shown
    assert "sig_" not in shown


def test_an_app_without_settings_can_be_made_but_not_used() -> None:
    app = create_app(Settings())
    with pytest.raises(SettingsError, match=r"^set FB_APP_SECRET, .*"):
        asyncio.run(request(app, "GET", "/api/messenger"))


def test_an_app_without_settings_does_not_start() -> None:
    app = create_app(Settings())

    async def start() -> None:
        async with app.router.lifespan_context(app):
            pytest.fail("it started")

    with pytest.raises(SettingsError, match=r"^set FB_APP_SECRET, .*"):
        asyncio.run(start())


def test_a_public_url_with_a_slash_at_its_end_is_the_same() -> None:
    settings = Settings.from_environment(COMPLETE)
    assert settings.address("/api/x") == "https://bot.example/api/x"
