"""Publishes are counted and nothing comes of it: however many there are, the next one is made.

Must fail: breaker.
"""

from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claims
from reference_bot.client import HttpClient
from reference_bot.firestore import Firestore
from reference_bot.settings import Settings

NEVER_REACHED = 1_000_000_000


class UnlimitedClaims(Claims):
    """Claims with a limit that nobody reaches."""

    def __init__(self, store: Firestore, *, publishes_per_hour: int) -> None:
        super().__init__(store, publishes_per_hour=NEVER_REACHED)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, claims=UnlimitedClaims))


app = create_app()
