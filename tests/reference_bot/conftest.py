"""A clock for the bot's records that stands still until it is moved."""

from types import SimpleNamespace

import pytest

from tests.reference_bot.outside import NOW


class Clock:
    """Unix seconds as the bot sees them."""

    def __init__(self) -> None:
        self.now = NOW

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock, in the place of the bot's."""
    clock = Clock()
    for module in ("claims", "cloud_tasks", "credentials", "release", "turns", "usage"):
        stopped = SimpleNamespace(time=lambda: clock.now)
        monkeypatch.setattr(f"reference_bot.{module}.time", stopped)
    return clock
