"""The folder of somebody who uses the plugin."""

import pytest

from tests.harness.plugin._user import BOT, PROFILE, ROOT, write


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with a bot and its profile; nothing but what a test asks for is plugged in."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makefile(".toml", thrice=PROFILE)
    write(pytester, "bot", BOT)
    return pytester
