"""With each message everything is published again that its user wrote in the moment before, lest
something got lost: one message is one publish, eight at a time are dozens.

Must fail: no-growth, and with ten messages of one user ten-rapid, queue-ledger, one-reply (who was
answered is told by the publish that it came of).
"""

import time
from functools import partial

from starlette.applications import Starlette

from reference_bot.app import create_app as create_reference_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claim, Claims, Hold
from reference_bot.client import HttpClient
from reference_bot.firestore import Firestore, Write
from reference_bot.message import Message
from reference_bot.publisher import Publisher
from reference_bot.settings import CONSUMER_PATH, Settings
from reference_bot.webhook import Webhook

BURST_S = 0.3
AT_MOST = 100


class RememberingClaims(Claims):
    """Claims that also write down what each user wrote, and when."""

    def __init__(self, store: Firestore, *, publishes_per_hour: int) -> None:
        super().__init__(store, publishes_per_hour=publishes_per_hour)
        self._store = store

    async def claim(self, message: Message) -> Claim | Hold | None:
        path = f"{_collection(message)}/{message.key}"
        await self._store.commit(Write(path=path, fields={**message.as_job(), "at": time.time()}))
        return await super().claim(message)

    async def burst(self, message: Message) -> list[Message]:
        """What the message's user wrote in the moment before, the message itself included."""
        found = await self._store.list_collection(_collection(message), AT_MOST)
        return [
            Message(one.fields["mid"], message.sender, one.fields["text"])
            for one in found.values()
            if time.time() - one.fields["at"] < BURST_S
        ]


class RepeatingWebhook(Webhook):
    """A webhook that hands over a user's whole burst."""

    def __init__(self, settings: Settings, claims: RememberingClaims, publisher: Publisher) -> None:
        super().__init__(settings, claims, publisher)
        self._bursts = claims

    async def hand_over(self, message: Message, claim: Claim) -> None:
        for each in await self._bursts.burst(message):
            await self._publisher.publish(
                CONSUMER_PATH,
                each.as_job(),
                deduplication_id=f"{message.key}-{each.key}",
                delay_s=claim.delay_s,
            )
        await self._claims.mark_published(claim)


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    make = partial(make_bot, claims=RememberingClaims, webhook=RepeatingWebhook)
    return create_reference_app(settings, http=http, make=make)


def _collection(message: Message) -> str:
    return f"bursts/{message.sender_key}/messages"


app = create_app()
