"""The bot as an ASGI application: `uvicorn reference_bot.app:app`."""

from starlette.applications import Starlette
from starlette.routing import Route

from reference_bot.bot import Bot, make_bot
from reference_bot.client import HttpClient
from reference_bot.parts import Maker, Parts
from reference_bot.settings import (
    CONSUMER_PATH,
    RELEASE_PATH,
    USAGE_PATH,
    WEBHOOK_PATH,
    Settings,
)


def create_app(
    settings: Settings | None = None,
    *,
    http: HttpClient | None = None,
    make: Maker[Bot] = make_bot,
) -> Starlette:
    """The application; without `settings` they are read from the environment, without `http` it
    makes its own client.
    """
    parts = Parts(make, settings, http)
    return Starlette(
        routes=[
            Route(WEBHOOK_PATH, parts.handler(lambda bot: bot.webhook.handshake), methods=["GET"]),
            Route(WEBHOOK_PATH, parts.handler(lambda bot: bot.webhook.receive), methods=["POST"]),
            Route(CONSUMER_PATH, parts.handler(lambda bot: bot.consumer.receive), methods=["POST"]),
            Route(RELEASE_PATH, parts.handler(lambda bot: bot.releases.receive), methods=["POST"]),
            Route(USAGE_PATH, parts.handler(lambda bot: bot.usage.report), methods=["GET"]),
        ],
        lifespan=parts.lifespan,
    )


app = create_app()
