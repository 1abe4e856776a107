"""A claim is for whoever made it alone, and is released when the publish fails. But the store may
have made the claim and its answer got lost: then nobody knows whose it is, the redelivery takes
it for somebody else's, and the message is lost.

Must fail: store-down, fault-1, and instance-killed, where it is the handler that got lost, with the
claim. The claim is atomic and no publish that failed is forgotten, so nothing else shows it.
"""

from contextlib import suppress
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claim, Claims, Hold
from reference_bot.client import HttpClient
from reference_bot.firestore import Firestore, StoreError, Write, unchanged_since
from reference_bot.message import Message
from reference_bot.publisher import PublishError
from reference_bot.settings import Settings
from reference_bot.webhook import Webhook


class OwnClaims(Claims):
    """Claims that only their owner publishes, and gives back."""

    def __init__(self, store: Firestore, *, publishes_per_hour: int) -> None:
        super().__init__(store, publishes_per_hour=publishes_per_hour)
        self._store = store

    async def claim(self, message: Message) -> Claim | Hold | None:
        duty = await super().claim(message)
        return None if isinstance(duty, Claim) and duty.version is None else duty

    async def release(self, claim: Claim) -> None:
        """Let the redelivery claim the message anew."""
        condition = unchanged_since(claim.version) if claim.version is not None else None
        with suppress(StoreError):
            await self._store.commit(Write(path=claim.path, fields=None, condition=condition))


class ReleasingWebhook(Webhook):
    """A webhook that gives back what it could not publish."""

    async def hand_over(self, message: Message, claim: Claim) -> None:
        try:
            await super().hand_over(message, claim)
        except PublishError:
            assert isinstance(self._claims, OwnClaims)
            await self._claims.release(claim)
            raise


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, claims=OwnClaims, webhook=ReleasingWebhook)
    return create_reference_app(settings, http=http, make=make)


app = create_app()
