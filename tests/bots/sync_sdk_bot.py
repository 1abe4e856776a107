"""Starlette with `async def` endpoints that call the queue's synchronous SDK, which blocks the
event loop meanwhile; the store is asked asynchronously.

BUG=content: the SDK is asked to find duplicates by content, so a user who says the same thing again
is not answered.
"""

import hashlib
import hmac
import json
import os
from contextlib import suppress
from typing import Any

import httpx
from qstash import QStash, Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

BUG = os.environ.get("BUG", "")
CALLBACK = os.environ["PUBLIC_URL"] + "/queue/incoming"
DATABASE = f"projects/{os.environ['FIRESTORE_PROJECT']}/databases/(default)/documents"
STORE = "https://firestore.googleapis.com/v1/"
GOOGLE = {"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"}

queue = QStash(os.environ["QSTASH_TOKEN"], retry=False)
# The SDK waits for ten minutes, and has no option for that.
queue.http._client.timeout = httpx.Timeout(4)
receiver = Receiver(
    current_signing_key=os.environ["QSTASH_CURRENT_SIGNING_KEY"],
    next_signing_key=os.environ["QSTASH_NEXT_SIGNING_KEY"],
)


async def verify(request: Request) -> Response:
    wanted = os.environ["FB_VERIFY_TOKEN"].encode()
    if not hmac.compare_digest(request.query_params.get("hub.verify_token", "").encode(), wanted):
        return PlainTextResponse("no", 403)
    return PlainTextResponse(request.query_params["hub.challenge"])


async def webhook(request: Request) -> Response:
    body = await request.body()
    digest = hmac.digest(os.environ["FB_APP_SECRET"].encode(), body, "sha256").hex()
    given = request.headers.get("x-hub-signature-256", "").removeprefix("sha256=")
    if not hmac.compare_digest(given.encode(), digest.encode()):
        return PlainTextResponse("no", 403)
    try:
        entries = many(json.loads(body), "entry")
    except (ValueError, RecursionError):
        return PlainTextResponse("no", 400)
    for event in (event for entry in entries for event in many(entry, "messaging")):
        match event:
            case {"message": {"is_echo": True}} | {"message": {"text": ""}}:
                continue
            case {"sender": {"id": str(sender)}, "message": {"mid": str(mid), "text": str(text)}}:
                if not await is_in("handled", mid):
                    hand_over(sender, mid, text)
                    await put_in("handled", mid)
    return PlainTextResponse("EVENT_RECEIVED")


def many(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def hand_over(sender: str, mid: str, text: str) -> None:
    if BUG == "content":
        queue.message.publish_json(
            url=CALLBACK, body={"sender": sender, "text": text}, content_based_deduplication=True
        )
    else:
        job = {"sender": sender, "mid": mid, "text": text}
        queue.message.publish_json(url=CALLBACK, body=job, deduplication_id=mid)


def record(collection: str, mid: str) -> str:
    """A document under a name that any id can have."""
    return f"{DATABASE}/{collection}/{hashlib.sha256(mid.encode()).hexdigest()}"


async def is_in(collection: str, mid: str) -> bool:
    async with httpx.AsyncClient(timeout=4) as client:
        answer = await client.get(STORE + record(collection, mid), headers=GOOGLE)
    if answer.status_code != 404:
        answer.raise_for_status()
    return answer.status_code == 200


async def put_in(collection: str, mid: str) -> None:
    """Keep a record of the message; made once."""
    name = record(collection, mid)
    write = {
        "update": {"name": name, "fields": {"mid": {"stringValue": mid}}},
        "currentDocument": {"exists": False},
    }
    async with httpx.AsyncClient(timeout=4) as client:
        answer = await client.post(
            f"{STORE}{DATABASE}:commit", headers=GOOGLE, json={"writes": [write]}
        )
    if answer.status_code != 409:
        answer.raise_for_status()


async def incoming(request: Request) -> Response:
    signature = request.headers.get("upstash-signature", "")
    try:
        body = (await request.body()).decode()
        receiver.verify(signature=signature, body=body, url=CALLBACK)
    except Exception:
        return PlainTextResponse("no", 403)
    try:
        job = json.loads(body)
    except (ValueError, RecursionError):
        job = None
    match job:
        case {"sender": str(sender), "text": str(text)}:
            reply = {"recipient": {"id": sender}, "message": {"text": "Got it: " + text}}
        case _:
            return PlainTextResponse("not a job", 400)
    # What is told apart by content has no id.
    mid = str(job.get("mid", text))
    if await is_in("answered", mid):
        return PlainTextResponse("sent before")
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.post(
            "https://graph.facebook.com/v23.0/me/messages",
            headers={"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"},
            json=reply,
        )
    answer.raise_for_status()
    # An error now would have the reply sent again.
    with suppress(httpx.HTTPError):
        await put_in("answered", mid)
    return PlainTextResponse("sent")


app = Starlette(
    routes=[
        Route("/facebook", verify, methods=["GET"]),
        Route("/facebook", webhook, methods=["POST"]),
        Route("/queue/incoming", incoming, methods=["POST"]),
    ]
)
