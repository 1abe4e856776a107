"""The description of the queue's API, where a client of the control API finds it."""

from emulator.qstash.openapi import document
from tests.control.support import Bot, serving_for


def test_description_of_the_queue__is_served() -> None:
    with Bot() as bot, serving_for(bot) as api:
        assert api.get("/v1/queue/openapi.json") == document()
