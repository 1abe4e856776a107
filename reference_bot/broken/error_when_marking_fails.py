"""When the reply was sent and the note of it fails, the consumer answers with an error, so that the
queue comes again and the note is made after all. The reply is made again with it.

Must fail: store-down, store-quota, whose outages begin as a reply is sent; fault-1.
"""

from functools import partial

from starlette.applications import Starlette

from reference_bot.answers import Answers
from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.client import HttpClient
from reference_bot.firestore import StoreError
from reference_bot.held import HeldMessage
from reference_bot.records import ANSWERED, mark
from reference_bot.replies import Replies
from reference_bot.settings import Settings
from reference_bot.turns import Turn, Turns


class StrictTurns(Turns):
    """Turns that are not over before the store says so."""

    async def mark_answered(self, turn: Turn, held: HeldMessage | None = None) -> None:
        others = [] if held is None else [held.removal]
        if not await mark(self._store, turn.path, ANSWERED, turn.version, *others):
            raise StoreError("a message was answered and could not be marked so")


class StrictAnswers(Answers):
    """Answers whose every step has to succeed."""

    def __init__(self, turns: Turns, replies: Replies) -> None:
        super().__init__(StrictTurns(turns._store), replies)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    return create_reference_app(settings, http=http, make=partial(make_bot, answers=StrictAnswers))


app = create_app()
