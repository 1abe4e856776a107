"""What was published is kept in memory, and every instance has a memory of its own, which goes with
it. On one instance, or on a laptop, it works.

Must fail: ten-rapid, queue-ledger, late-duplicate, cold-instances, no-growth, rate-limit, breaker
(each message that is held publishes a release of its own), race-k2, race-k3, where no race is
needed, fault-1, instance-killed; and queue-hangs, queue-refuses, queue-429, queue-401, store-down,
store-quota, because a message that failed is remembered as well.
"""

from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.broken._forgetful import ForgetfulPublisher
from reference_bot.claims import Claim, Claims, Hold
from reference_bot.client import HttpClient
from reference_bot.firestore import Document, Firestore, Write, Written
from reference_bot.message import Message
from reference_bot.settings import Settings


class RememberedClaims(Claims):
    """Claims without records: a set of mids has their place."""

    def __init__(self, store: Firestore, *, publishes_per_hour: int) -> None:
        super().__init__(store, publishes_per_hour=publishes_per_hour)
        self._seen: set[str] = set()

    async def claim(self, message: Message) -> Claim | Hold | None:
        if message.mid in self._seen:
            return None
        self._seen.add(message.mid)
        return await super().claim(message)

    async def mark_published(self, claim: Claim) -> None:
        """There is no record to mark."""

    async def _look(self, *paths: str) -> list[Document | None]:
        return [None, *await super()._look(*paths[1:])]

    async def _take(self, *writes: Write) -> list[Written]:
        return [Written("", ()), *await super()._take(*writes[1:])]


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, claims=RememberedClaims, publisher=ForgetfulPublisher)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
