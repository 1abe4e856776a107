"""The bot that turned 300 messages into 500,000: a burst marker that is read and then written,
which all three duplicates find absent, and a queue callback that posts a trigger to the bot's own
webhook, where the trigger makes the next marker and callback, without end.

Must fail: ten-rapid, dedup-records, queue-ledger, one-reply, quiet-day, quiet-week, no-growth,
no-loop, echo-safe (its messages are published again and again), late-duplicate, consumer-retry,
race-k2, race-k3, fault-1, cold-instances, instance-killed, queue-hangs, queue-refuses, queue-429,
queue-401, store-down, store-quota, send-fails, hostile-input (its callback takes any body for its
own), rate-limit, breaker, plan-budget.
"""

import json
import time
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from reference_bot.bot import make_replies, make_store
from reference_bot.broken._items import webhook_items
from reference_bot.claims import Claims
from reference_bot.client import HttpClient
from reference_bot.consumer import QueueSignature
from reference_bot.firestore import Write
from reference_bot.message import Message, safe_key
from reference_bot.parts import Parts
from reference_bot.publisher import Publisher
from reference_bot.replies import Replies
from reference_bot.settings import WEBHOOK_PATH, Settings
from reference_bot.store import Store
from reference_bot.webhook import Webhook, sign

CALLBACK_PATH = "/api/internal/delayed-response"
BURST_S = 10


class Bursts:
    """What this bot keeps for each user: the messages not answered yet, and a burst's marker."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def remember(self, message: Message) -> None:
        """Add a message to the user's history."""
        mids, texts = await self._history(message.sender)
        if message.mid not in mids:
            await self._keep(message.sender, [*mids, message.mid], [*texts, message.text])

    async def pending(self, sender: str) -> list[str]:
        """The texts that are not answered yet."""
        return (await self._history(sender))[1]

    async def clear(self, sender: str) -> None:
        """Forget what was answered, and the marker with it."""
        await self._keep(sender, [], [])
        await self._store.commit(Write(path=_marker(sender), fields=None))

    async def begin(self, sender: str) -> bool:
        """Whether a burst begins now. The bug: others read between the read and the write."""
        (marker,) = await self._store.read(_marker(sender))
        fields: dict[str, object]
        if marker is None:
            fields = {"count": 1, "firstMessageTime": time.time()}
        else:
            fields = {**marker.fields, "count": marker.fields["count"] + 1}
        await self._store.commit(Write(path=_marker(sender), fields=fields))
        return marker is None

    async def _history(self, sender: str) -> tuple[list[str], list[str]]:
        (history,) = await self._store.read(f"messageHistory/{safe_key(sender)}")
        return (history.fields["mids"], history.fields["texts"]) if history else ([], [])

    async def _keep(self, sender: str, mids: list[str], texts: list[str]) -> None:
        path = f"messageHistory/{safe_key(sender)}"
        await self._store.commit(Write(path=path, fields={"mids": mids, "texts": texts}))


class BurstWebhook(Webhook):
    """The webhook, for the platform's messages and for the bot's own triggers."""

    def __init__(
        self, settings: Settings, store: Store, publisher: Publisher, replies: Replies
    ) -> None:
        claims = Claims(store, publishes_per_hour=settings.publishes_per_hour)
        super().__init__(settings, claims, publisher)
        self._bursts = Bursts(store)
        self._replies = replies

    async def handle(self, body: bytes) -> None:
        """Answer the users whose burst is over, and keep other messages until theirs is."""
        for sender in _triggered(body):
            await self._answer(sender)
            # The bug that makes it endless: from here on a trigger counts as a message.
            await self._count(sender)
        await super().handle(body)

    async def accept(self, message: Message) -> None:
        """Add a message to its user's burst."""
        await self._bursts.remember(message)
        await self._count(message.sender)

    async def _count(self, sender: str) -> None:
        if await self._bursts.begin(sender):
            await self._publisher.publish(CALLBACK_PATH, {"senderId": sender}, delay_s=BURST_S)

    async def _answer(self, sender: str) -> None:
        texts = await self._bursts.pending(sender)
        if texts:
            await self._replies.send(Message("", sender, "\n".join(texts)))
        await self._bursts.clear(sender)


class Callback:
    """The queue's callback at the end of a burst."""

    def __init__(self, settings: Settings, http: HttpClient) -> None:
        self._settings = settings
        self._http = http
        self._signature = QueueSignature(settings, http)

    async def receive(self, request: Request) -> Response:
        """POST: trigger the bot's own webhook for one user."""
        body = await request.body()
        if not await self._signature.is_genuine(request, body, CALLBACK_PATH):
            return PlainTextResponse("wrong signature", 401)
        trigger = _trigger(json.loads(body)["senderId"])
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": sign(self._settings.app_secret, trigger),
        }
        url = self._settings.address(WEBHOOK_PATH)
        try:
            response = await self._http.request("POST", url, headers=headers, content=trigger)
        except httpx.HTTPError:
            return PlainTextResponse("try again", 503)
        return PlainTextResponse("triggered", 200 if response.is_success else 503)


@dataclass(frozen=True, slots=True)
class IncidentBot:
    """What answers this bot's routes."""

    webhook: BurstWebhook
    callback: Callback


def _make(settings: Settings, http: HttpClient, queue_http: HttpClient | None) -> IncidentBot:
    store, replies = make_store(settings, http), make_replies(settings, http)
    webhook = BurstWebhook(settings, store, Publisher(settings, queue_http), replies)
    return IncidentBot(webhook, Callback(settings, http))


def create_app(settings: Settings | None = None, *, http: HttpClient | None = None) -> Starlette:
    """The application, with the same options as the reference bot's."""
    parts = Parts(_make, settings, http)
    return Starlette(
        routes=[
            Route(WEBHOOK_PATH, parts.handler(lambda bot: bot.webhook.handshake), methods=["GET"]),
            Route(WEBHOOK_PATH, parts.handler(lambda bot: bot.webhook.receive), methods=["POST"]),
            Route(CALLBACK_PATH, parts.handler(lambda bot: bot.callback.receive), methods=["POST"]),
        ],
        lifespan=parts.lifespan,
    )


def _marker(sender: str) -> str:
    return f"messageBursts/{safe_key(sender)}"


def _trigger(sender: str) -> bytes:
    item = {
        "sender": {"id": sender},
        "recipient": {"id": "0"},
        "timestamp": int(time.time() * 1000),
        "message": {"text": ""},
        "__trigger_only": True,
    }
    entry = {"time": item["timestamp"], "id": "0", "messaging": [item]}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


def _triggered(body: bytes) -> list[str]:
    """The users that a webhook of the bot's own making is about."""
    return [
        str(item["sender"]["id"])
        for _, item in webhook_items(body)
        if item.get("__trigger_only") is True
    ]


app = create_app()
