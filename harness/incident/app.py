"""The bot as a Starlette application which checks every signature; its calls are HTTP requests."""

import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from emulator.exchange import Request
from emulator.meta.credentials import FAKE_APP_SECRET, FAKE_PAGE_ID
from emulator.meta.delivery.signing import sign_sha256
from emulator.qstash.destination import PUBLISH_PATH
from emulator.qstash.service import DEFAULT_CURRENT_KEY, DEFAULT_NEXT_KEY, DEFAULT_TOKEN, ORIGINS
from harness.incident.handlers import (
    CALLBACK_PATH,
    PROCESS_PATH,
    WEBHOOK_PATH,
    Store,
    handlers_of,
)
from harness.incident.model import Model
from harness.incident.receiver import is_genuine

# Answers have no state, so each is made once.
_RECEIVED = PlainTextResponse("EVENT_RECEIVED")
_DONE = PlainTextResponse("done")
_TRY_AGAIN = PlainTextResponse("try again", 503, {"Retry-After": "0"})

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Settings:
    """The bot's environment; the secrets stay out of `repr`."""

    public_url: str = "https://bot.example.com"
    app_secret: str = field(default=FAKE_APP_SECRET, repr=False)
    queue_token: str = field(default=DEFAULT_TOKEN, repr=False)
    signing_keys: tuple[str, ...] = field(
        default=(DEFAULT_CURRENT_KEY, DEFAULT_NEXT_KEY), repr=False
    )


class Network(Store, Protocol):
    """Where the bot's calls go: to the store by key, everything else as a request."""

    def to_queue(self, request: Request) -> Awaitable[None]:
        """Send a publish."""

    def to_webhook(self, request: Request) -> Awaitable[None]:
        """Send a request to the bot's own webhook."""


class WireServices:
    """The bot's clients: what they send is what they would send to the real services."""

    def __init__(self, network: Network, settings: Settings) -> None:
        self._settings = settings
        self._network = network
        self.read = network.read
        self.write = network.write
        self.create = network.create
        self.clear = network.clear
        self.finish = network.finish

    def publish(self, path: str, sender: str, mid: str, delay_s: float) -> Awaitable[None]:
        job = {"senderId": sender, "messageId": mid} if mid else {"senderId": sender}
        headers = [
            ("Authorization", f"Bearer {self._settings.queue_token}"),
            ("Content-Type", "application/json"),
        ]
        if delay_s:
            headers.append(("Upstash-Delay", f"{delay_s:g}s"))
        url = ORIGINS[0] + PUBLISH_PATH + self._settings.public_url + path
        return self._network.to_queue(Request("POST", url, tuple(headers), _encode(job).encode()))

    def trigger(self, sender: str) -> Awaitable[None]:
        item = {"sender": {"id": sender}, "message": {"text": ""}, "__trigger_only": True}
        entry = {"id": FAKE_PAGE_ID, "messaging": [item]}
        body = _encode({"object": "page", "entry": [entry]}).encode()
        headers = (
            ("Content-Type", "application/json"),
            ("X-Hub-Signature-256", sign_sha256(self._settings.app_secret, body)),
        )
        url = self._settings.public_url + WEBHOOK_PATH
        return self._network.to_webhook(Request("POST", url, headers, body))


def create_app(
    model: Model, network: Network, settings: Settings, *, unix: Callable[[], float]
) -> Starlette:
    """The application; `unix` tells the seconds since 1970 on the bot's clock."""
    handlers = handlers_of(model, WireServices(network, settings))
    keys = tuple(key.encode() for key in settings.signing_keys)

    async def webhook(request: HttpRequest) -> Response:
        body = await request.body()
        given = request.headers.get("x-hub-signature-256", "")
        expected = sign_sha256(settings.app_secret, body)
        if not hmac.compare_digest(given.encode("latin-1"), expected.encode()):
            return PlainTextResponse("wrong signature", 403)
        for entry in json.loads(body.decode())["entry"]:
            for item in entry["messaging"]:
                await _take(item)
        return _RECEIVED

    async def _take(item: dict[str, Any]) -> None:
        sender = item["sender"]["id"]
        if item.get("__trigger_only") is True:
            await handlers.trigger(sender)
        else:
            await handlers.message(sender, item["message"]["mid"])

    def consumer(path: str) -> Callable[[HttpRequest], Awaitable[Response]]:
        url = settings.public_url + path

        async def receive(request: HttpRequest) -> Response:
            body = await request.body()
            token = request.headers.get("upstash-signature", "")
            if not is_genuine(token, keys=keys, url=url, body=body, unix=unix()):
                return PlainTextResponse("wrong signature", 401)
            if await handlers.callback(json.loads(body.decode())["senderId"]):
                return _DONE
            return _TRY_AGAIN

        return receive

    paths = (CALLBACK_PATH, PROCESS_PATH)
    return Starlette(
        routes=[
            *(Route(path, consumer(path), methods=["POST"]) for path in paths),
            Route(WEBHOOK_PATH, webhook, methods=["POST"]),
        ]
    )
