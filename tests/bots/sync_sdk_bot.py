"""Starlette with `async def` endpoints that call the queue's synchronous SDK, which blocks the
event loop meanwhile; the store is asked asynchronously.

BUG=content: the SDK is asked to find duplicates by content, so a user who says the same thing again
is not answered.
"""

import hashlib
import hmac
import json
import os

import httpx
from qstash import QStash, Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

BUG = os.environ.get("BUG", "")
CALLBACK = os.environ["PUBLIC_URL"] + "/queue/incoming"
DATABASE = f"projects/{os.environ['FIRESTORE_PROJECT']}/databases/(default)/documents"
COMMIT = f"https://firestore.googleapis.com/v1/{DATABASE}:commit"

queue = QStash(os.environ["QSTASH_TOKEN"], retry=False)
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
    events = [event for entry in json.loads(body)["entry"] for event in entry.get("messaging", ())]
    for event in events:
        message = event.get("message", {})
        if message.get("text") and not message.get("is_echo"):
            hand_over(event["sender"]["id"], message["mid"], message["text"])
            await remember(message["mid"])
    return PlainTextResponse("EVENT_RECEIVED")


def hand_over(sender: str, mid: str, text: str) -> None:
    if BUG == "content":
        queue.message.publish_json(
            url=CALLBACK, body={"sender": sender, "text": text}, content_based_deduplication=True
        )
    else:
        queue.message.publish_json(
            url=CALLBACK, body={"sender": sender, "text": text}, deduplication_id=mid
        )


async def remember(mid: str) -> None:
    """Keep a record of the message, under a name that any id can have; made once."""
    name = f"{DATABASE}/handled/{hashlib.sha256(mid.encode()).hexdigest()}"
    write = {
        "update": {"name": name, "fields": {"mid": {"stringValue": mid}}},
        "currentDocument": {"exists": False},
    }
    async with httpx.AsyncClient(timeout=5) as client:
        answer = await client.post(
            COMMIT,
            headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"},
            json={"writes": [write]},
        )
    if answer.status_code != 409:
        answer.raise_for_status()


async def incoming(request: Request) -> Response:
    body = (await request.body()).decode()
    receiver.verify(signature=request.headers["upstash-signature"], body=body, url=CALLBACK)
    job = json.loads(body)
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.post(
            "https://graph.facebook.com/v23.0/me/messages",
            headers={"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"},
            json={
                "recipient": {"id": job["sender"]},
                "message": {"text": "Got it: " + job["text"]},
            },
        )
    answer.raise_for_status()
    return PlainTextResponse("sent")


app = Starlette(
    routes=[
        Route("/facebook", verify, methods=["GET"]),
        Route("/facebook", webhook, methods=["POST"]),
        Route("/queue/incoming", incoming, methods=["POST"]),
    ]
)
