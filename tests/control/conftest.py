"""A served world with a bot of its own, and a client that holds every answer to the description."""

from collections.abc import Iterator

import pytest

from tests.control.support import Api, Bot, serving_for


@pytest.fixture
def bot() -> Iterator[Bot]:
    with Bot() as bot:
        yield bot


@pytest.fixture
def api(bot: Bot) -> Iterator[Api]:
    with serving_for(bot) as api:
        yield api
