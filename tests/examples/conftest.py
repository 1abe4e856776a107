"""An installed thrice brings its plugin along; a bare checkout loads it here."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.has_plugin("thrice"):
        config.pluginmanager.import_plugin("harness.pytest_plugin")
