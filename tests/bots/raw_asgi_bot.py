"""One ASGI callable and no framework; it knows nothing of the lifespan protocol.

BUG=first: only the first event of a webhook is read, so a batch loses the others.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import httpx
from qstash import Receiver

Event = MutableMapping[str, Any]

BUG = os.environ.get("BUG", "")
DELIVER = os.environ["PUBLIC_URL"] + "/deliver"
DATABASE = (
    f"https://firestore.googleapis.com/v1/projects/{os.environ['FIRESTORE_PROJECT']}"
    "/databases/(default)/documents"
)
GOOGLE = {"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"}


async def app(
    scope: Event, receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Awaitable[None]]
) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    match scope["method"], scope["path"]:
        case "GET", "/":
            status, text = handshake(parse_qs(scope["query_string"].decode()))
        case "POST", "/":
            status, text = await webhook(headers, body)
        case "POST", "/deliver":
            status, text = await deliver(headers, body)
        case _:
            status, text = 404, "not found"
    plain = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": status, "headers": plain})
    await send({"type": "http.response.body", "body": text.encode()})


def handshake(query: dict[str, list[str]]) -> tuple[int, str]:
    if query.get("hub.verify_token") != [os.environ["FB_VERIFY_TOKEN"]]:
        return 403, "wrong token"
    return 200, query["hub.challenge"][0]


async def webhook(headers: dict[str, str], body: bytes) -> tuple[int, str]:
    mac = hmac.new(os.environ["FB_APP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(headers.get("x-hub-signature-256", ""), "sha256=" + mac):
        return 403, "wrong signature"
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return 400, "not JSON"
    events = [event for entry in rows(payload, "entry") for event in rows(entry, "messaging")]
    async with httpx.AsyncClient(timeout=4) as http:
        for event in events[:1] if BUG == "first" else events:
            match event:
                case {"message": {"is_echo": True}}:
                    continue
                case {"sender": {"id": str(id)}, "message": {"mid": str(mid), "text": str(text)}}:
                    await enqueue(http, id, mid, text)
    return 200, "ok"


def rows(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


async def enqueue(http: httpx.AsyncClient, sender: str, mid: str, text: str) -> None:
    record = f"{DATABASE}/bots/raw/mids/{mid}"
    if await exists(http, record):
        return
    published = await http.post(
        f"https://qstash.upstash.io/v2/publish/{DELIVER}",
        headers={
            "Authorization": f"Bearer {os.environ['QSTASH_TOKEN']}",
            "Upstash-Deduplication-Id": mid,
            "Upstash-Retries": "3",
        },
        json={"sender": sender, "mid": mid, "text": text},
    )
    published.raise_for_status()
    fields = {"sender": {"stringValue": sender}}
    noted = await http.patch(record, headers=GOOGLE, json={"fields": fields})
    noted.raise_for_status()


async def exists(http: httpx.AsyncClient, record: str) -> bool:
    found = await http.get(record, headers=GOOGLE)
    if found.status_code != 404:
        found.raise_for_status()
    return found.status_code == 200


async def deliver(headers: dict[str, str], body: bytes) -> tuple[int, str]:
    keys = os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    signature = headers.get("upstash-signature", "")
    try:
        Receiver(*keys).verify(signature=signature, body=body.decode(), url=DELIVER)
    except Exception:  # a token can be wrong in many ways
        return 401, "wrong token"
    try:
        job = json.loads(body)
    except (ValueError, RecursionError):
        job = None
    match job:
        case {"sender": str(sender), "mid": str(mid), "text": str(text)}:
            record = f"{DATABASE}/bots/raw/answered/{mid}"
        case _:
            return 400, "no job"
    async with httpx.AsyncClient(timeout=10) as http:
        if await exists(http, record):
            return 200, "sent before"
        sent = await http.post(
            "https://graph.facebook.com/v23.0/me/messages",
            headers={"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"},
            json={"recipient": {"id": sender}, "message": {"text": text}},
        )
        if not sent.is_success:
            return 500, "not sent"
        # An error now would have the reply sent again.
        with suppress(httpx.HTTPError):
            await http.patch(record, headers=GOOGLE, json={})
    return 200, "sent"
