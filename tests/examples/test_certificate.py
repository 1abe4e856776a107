import pytest

from harness.pytest_plugin import Certify


@pytest.mark.thrice(
    app="reference_bot.app:app", profile="reference_bot/thrice.toml", budget="quick"
)
def test_bot_is_certified(certify: Certify) -> None:
    certify()
