"""With Cloud Tasks: the consumer reads the identity token of a delivery, and believes it without a
look at its signature. Whoever knows the address can have the bot write to its users.

Must fail: queue-signature.
"""

from functools import partial

import jwt
from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.cloud_tasks import Identity
from reference_bot.consumer import QueueSignature
from reference_bot.settings import Settings


class CredulousIdentity(Identity):
    """Takes every token for what it says that it is."""

    async def check(self, authorization: str, url: str) -> None:
        token = authorization.removeprefix("Bearer ")
        claims = jwt.decode(token, options={"verify_signature": False})
        if (claims["aud"], claims["email"]) != (url, self._settings.cloud_tasks_account):
            raise ValueError("the token of somebody else")


class CredulousSignature(QueueSignature):
    """A signature that is only read."""

    def __init__(self, settings: Settings, http: HttpClient) -> None:
        super().__init__(settings, http, CredulousIdentity)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, signature=CredulousSignature)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
