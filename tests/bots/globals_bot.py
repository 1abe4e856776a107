"""Everything at module level: settings, client, state. Short, and what most tutorials show.

BUG=memory: duplicates are looked for in a module-level set, which every instance has for itself.
"""

import hashlib
import hmac
import os
from contextlib import suppress
from typing import Any

import httpx
from qstash import Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

BUG = os.environ.get("BUG", "")
SECRET = os.environ["FB_APP_SECRET"].encode()
VERIFY_TOKEN = os.environ["FB_VERIFY_TOKEN"]
JOBS = os.environ["PUBLIC_URL"] + "/api/jobs"
PUBLISH = "https://qstash.upstash.io/v2/publish/" + JOBS
QUEUE = {"Authorization": "Bearer " + os.environ["QSTASH_TOKEN"]}
DATABASE = (
    f"https://firestore.googleapis.com/v1/projects/{os.environ['FIRESTORE_PROJECT']}"
    "/databases/(default)/documents"
)
STORE = {"Authorization": "Bearer " + os.environ["FIRESTORE_TOKEN"]}
SEND = "https://graph.facebook.com/v23.0/me/messages"
PAGE = {"Authorization": "Bearer " + os.environ["FB_PAGE_TOKEN"]}
RECEIVER = Receiver(os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"])

client = httpx.AsyncClient(timeout=httpx.Timeout(4.0))
seen: set[str] = set()


async def webhook(request: Request) -> Response:
    if request.method == "GET":
        query = request.query_params
        if not hmac.compare_digest(query["hub.verify_token"], VERIFY_TOKEN):
            return PlainTextResponse("Forbidden", status_code=403)
        return PlainTextResponse(query["hub.challenge"])
    body = await request.body()
    signature = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(request.headers.get("x-hub-signature-256", ""), signature):
        return PlainTextResponse("Forbidden", status_code=403)
    try:
        payload = await request.json()
    except (ValueError, RecursionError):
        return PlainTextResponse("Bad Request", status_code=400)
    for entry in rows(payload, "entry"):
        for item in rows(entry, "messaging"):
            match item:
                case {"message": {"is_echo": True}} | {"message": {"text": ""}}:
                    pass
                case {"sender": {"id": str(id)}, "message": {"mid": str(mid), "text": str(text)}}:
                    await on_message(id, mid, text)
    return PlainTextResponse("EVENT_RECEIVED")


def rows(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


async def on_message(sender: str, mid: str, text: str) -> None:
    job = {"sender": sender, "mid": mid, "text": text}
    if BUG == "memory":
        if mid in seen:
            return
        seen.add(mid)
        (await client.post(PUBLISH, headers=QUEUE, json=job)).raise_for_status()
        return
    if await is_known("inbox", mid):
        return
    headers = QUEUE | {"Upstash-Deduplication-Id": mid}
    (await client.post(PUBLISH, headers=headers, json=job)).raise_for_status()
    created = await create("inbox", mid, sender)
    if created.status_code != 409:
        created.raise_for_status()


async def is_known(collection: str, mid: str) -> bool:
    found = await client.get(f"{DATABASE}/{collection}/{mid}", headers=STORE)
    if found.status_code != 404:
        found.raise_for_status()
    return found.status_code == 200


async def create(collection: str, mid: str, sender: str) -> httpx.Response:
    """Created once; the copies that come second are told 409, and that is fine."""
    record = {"fields": {"sender": {"stringValue": sender}}}
    url = f"{DATABASE}/{collection}"
    return await client.post(url, params={"documentId": mid}, headers=STORE, json=record)


async def jobs(request: Request) -> Response:
    try:
        body = (await request.body()).decode()
        RECEIVER.verify(signature=request.headers["upstash-signature"], body=body, url=JOBS)
    except Exception:  # no token, no text, or no good token
        return PlainTextResponse("Forbidden", status_code=403)
    try:
        job = await request.json()
    except (ValueError, RecursionError):
        job = None
    match job:
        case {"sender": str(sender), "mid": str(mid), "text": str(text)}:
            reply = {"recipient": {"id": sender}, "message": {"text": text[::-1]}}
        case _:
            return PlainTextResponse("Bad Request", status_code=400)
    if await is_known("outbox", mid):
        return JSONResponse({"ok": True})
    (await client.post(SEND, headers=PAGE, json=reply)).raise_for_status()
    # An error now would have the reply sent again.
    with suppress(httpx.HTTPError):
        await create("outbox", mid, sender)
    return JSONResponse({"ok": True})


app = Starlette(
    routes=[
        Route("/api/webhook", webhook, methods=["GET", "POST"]),
        Route("/api/jobs", jobs, methods=["POST"]),
    ]
)
