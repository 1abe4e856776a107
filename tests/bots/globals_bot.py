"""Everything at module level: settings, client, state. Short, and what most tutorials show.

BUG=memory: duplicates are looked for in a module-level set, which every instance has for itself.
"""

import hashlib
import hmac
import os

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
RECORDS = (
    f"https://firestore.googleapis.com/v1/projects/{os.environ['FIRESTORE_PROJECT']}"
    "/databases/(default)/documents/inbox"
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
    payload = await request.json()
    for entry in payload["entry"]:
        for item in entry.get("messaging", []):
            message = item.get("message") or {}
            if message.get("text") and not message.get("is_echo"):
                await on_message(item["sender"]["id"], message["mid"], message["text"])
    return PlainTextResponse("EVENT_RECEIVED")


async def on_message(sender: str, mid: str, text: str) -> None:
    job = {"sender": sender, "text": text}
    if BUG == "memory":
        if mid in seen:
            return
        seen.add(mid)
        (await client.post(PUBLISH, headers=QUEUE, json=job)).raise_for_status()
        return
    headers = QUEUE | {"Upstash-Deduplication-Id": mid}
    (await client.post(PUBLISH, headers=headers, json=job)).raise_for_status()
    # Created once; the copies that come second are told 409, and that is fine.
    record = {"fields": {"sender": {"stringValue": sender}}}
    created = await client.post(RECORDS, params={"documentId": mid}, headers=STORE, json=record)
    if created.status_code != 409:
        created.raise_for_status()


async def jobs(request: Request) -> Response:
    body = (await request.body()).decode()
    RECEIVER.verify(signature=request.headers["upstash-signature"], body=body, url=JOBS)
    job = await request.json()
    reply = {"recipient": {"id": job["sender"]}, "message": {"text": job["text"][::-1]}}
    (await client.post(SEND, headers=PAGE, json=reply)).raise_for_status()
    return JSONResponse({"ok": True})


app = Starlette(
    routes=[
        Route("/api/webhook", webhook, methods=["GET", "POST"]),
        Route("/api/jobs", jobs, methods=["POST"]),
    ]
)
