"""The way to the bot over HTTP: requests built and signed by the emulator's own rules, put to the
application without an event loop or a client between.
"""

from collections.abc import Coroutine, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from emulator.exchange import Request
from emulator.meta.credentials import FAKE_PAGE_ID
from emulator.meta.delivery.wire import envelope, text_item, webhook_request
from emulator.meta.identity import mid, psid
from emulator.qstash.backoff import wait_before
from emulator.qstash.fields import read_fields
from emulator.qstash.ids import MESSAGE_ID_LENGTH, SHORT_ID_LENGTH, draw_id
from emulator.qstash.message import Message
from emulator.qstash.plan import Plan
from emulator.qstash.service import DEFAULT_CURRENT_KEY, DEFAULT_REGION
from emulator.qstash.signing import sign
from emulator.qstash.wire import Terms, delivery_request, read_publish
from harness.incident.app import Settings, create_app
from harness.incident.cascade import Cascade, Job, StoreCalls, Visit
from harness.incident.core import Ask
from harness.incident.handlers import WEBHOOK_PATH
from harness.incident.model import Model, Tally

_CALLER_IP = "203.0.113.7"


class Exchange:
    """One request to the application, and what it has answered."""

    __slots__ = ("_body", "headers", "status")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()

    async def receive(self) -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = tuple(
                (key.decode("latin-1"), value.decode("latin-1"))
                for key, value in message.get("headers", ())
            )


class Lines(StoreCalls):
    """The bot's calls, as what the core waits for."""

    def to_queue(self, request: Request) -> Ask:
        return Ask(self._cascade.publish, request)

    def to_webhook(self, request: Request) -> Ask:
        return Ask(self._cascade.trigger, request)


class SignedDoor:
    """Opens on the application. `signing_key` is the queue's, given apart from those which the bot
    knows.
    """

    def __init__(
        self,
        cascade: Cascade,
        settings: Settings,
        *,
        signing_key: str = DEFAULT_CURRENT_KEY,
    ) -> None:
        self._cascade = cascade
        self._clock = cascade.core.clock
        self._settings = settings
        self._signing_key = signing_key
        self._terms = Terms(Plan(), lambda: self._clock.unix, False)
        self._app: ASGIApp = create_app(
            cascade.model, Lines(cascade), settings, unix=lambda: self._clock.unix
        )

    def messages(self, sender: str, copies: int) -> list[Request]:
        chance = self._cascade.chance
        now_ms = round(self._clock.unix * 1_000)
        item = text_item(
            sender=sender,
            recipient=FAKE_PAGE_ID,
            timestamp_ms=now_ms,
            mid=mid(chance, sender),
            text="hello",
        )
        body = envelope("page", FAKE_PAGE_ID, [[item]], time_ms=now_ms)
        url = self._settings.public_url + WEBHOOK_PATH
        return [
            webhook_request(url, body, app_secret=self._settings.app_secret) for _ in range(copies)
        ]

    def webhook(self, visit: Visit) -> Coroutine[Any, Any, Exchange]:
        return self._put(visit.body)

    def delivery(self, job: Job) -> Coroutine[Any, Any, Exchange]:
        message: Message = job.body
        message.retried = job.retried
        publish = message.publish
        name = message.attempt_name
        signature = sign(
            self._signing_key,
            url=publish.url,
            body=message.body,
            unix=self._clock.unix,
            token_id=draw_id(self._cascade.chance, "jwt_", name, SHORT_ID_LENGTH),
        )
        return self._put(delivery_request(message, signature=signature, region=DEFAULT_REGION))

    def read_publish(self, name: str, asked: Request) -> tuple[Message, float]:
        post = read_publish(
            asked.raw_path,
            read_fields(asked.raw_query, asked.headers),
            asked.body,
            terms=self._terms,
            own_authorization=True,
        )
        message = Message(
            id=draw_id(self._cascade.chance, "msg_", name, MESSAGE_ID_LENGTH),
            name=name,
            publish=post.publish,
            content=post.body,
            caller_ip=_CALLER_IP,
            created_ms=round(self._clock.unix * 1_000),
            roots=(),
            generation=0,
            routes=(),
            entry=-1,
        )
        return message, post.publish.delay_s

    def is_refusal(self, outcome: Exchange) -> bool:
        return 400 <= outcome.status < 500

    def wait_s(self, job: Job, outcome: Exchange) -> float | None:
        if 200 <= outcome.status < 300:
            return None
        message: Message = job.body
        return wait_before(
            job.retried + 1,
            headers=outcome.headers,
            expression=message.publish.retry_delay,
            unix=self._clock.unix,
        )

    async def _put(self, request: Request) -> Exchange:
        exchange = Exchange(request.body)
        await self._app(scope_of(request), exchange.receive, exchange.send)
        return exchange


@lru_cache(maxsize=64)
def _header_name(name: str) -> bytes:
    return name.lower().encode("latin-1")


def scope_of(request: Request) -> dict[str, Any]:
    """The ASGI scope of a request whose path needs no decoding."""
    parts = urlsplit(request.url)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": parts.path,
        "raw_path": parts.path.encode("latin-1"),
        "query_string": parts.query.encode("latin-1"),
        "root_path": "",
        "headers": [
            (_header_name(name), value.encode("latin-1")) for name, value in request.headers
        ],
        "client": (_CALLER_IP, 443),
        "server": (parts.netloc, 443),
    }


def burn_here(
    model: Model, *, first: int, messages: int, seed: int = 1, settings: Settings | None = None
) -> Tally:
    """Play the user messages numbered from `first` on, in this process; their ids depend on their
    numbers only.
    """
    cascade = Cascade(model, seed=seed)
    cascade.door = SignedDoor(cascade, settings or Settings())
    for number in range(first, first + messages):
        cascade.message(psid(cascade.chance, FAKE_PAGE_ID, f"user{number}"))
    return cascade.run()
