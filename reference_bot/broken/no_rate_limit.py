"""When a user was answered last is written down and never looked at, so whoever has a script gets
as many replies a minute as it asks for.

Must fail: rate-limit.
"""

from dataclasses import replace
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claims
from reference_bot.client import HttpClient
from reference_bot.firestore import Document
from reference_bot.settings import Settings


class GenerousClaims(Claims):
    """Claims to which every user is a new one."""

    async def _look(self, *paths: str) -> list[Document | None]:
        record, limit, counts = await super()._look(*paths)
        if limit is not None:
            limit = replace(limit, fields={**limit.fields, "slots": []})
        return [record, limit, counts]


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, claims=GenerousClaims))


app = create_app()
