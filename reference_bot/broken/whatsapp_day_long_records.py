"""The record of a message is kept for a day, which is plenty where the platform tries for an hour.
WhatsApp tries for a week, and delivers to every app when one of them failed.

Must fail: on WhatsApp late-duplicate.
"""

from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.broken.short_time_to_live import ForgettingClaims
from reference_bot.client import HttpClient
from reference_bot.settings import Settings


class DailyClaims(ForgettingClaims):
    """Claims whose records go a day after they were written last."""

    time_to_live_s = 86_400.0


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, claims=DailyClaims))


app = create_app()
