"""A correct bot of another shape than the reference: FastAPI, a module-level client, one file, a
nested collection for dedup.
"""

import hashlib
import hmac
import os
from urllib.parse import quote

import httpx
from fastapi import FastAPI, Request, Response
from qstash import AsyncQStash, Receiver

STORE = (
    "https://firestore.googleapis.com/v1/projects/shop/databases/(default)/documents/shops/one/seen"
)
BASE = "https://shop.example.org"

app = FastAPI()
client = httpx.AsyncClient(timeout=10)
queue = AsyncQStash(os.environ.get("QSTASH_TOKEN", ""), retry=False)
google = {"Authorization": "Bearer a-token"}


@app.get("/hooks/facebook")
async def verify(request: Request) -> Response:
    query = request.query_params
    if query.get("hub.verify_token") != os.environ["VERIFY"]:
        return Response(status_code=403)
    return Response(query["hub.challenge"], media_type="text/plain")


@app.post("/hooks/facebook")
async def receive(request: Request) -> Response:
    body = await request.body()
    wanted = hmac.new(os.environ["APP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(request.headers.get("x-hub-signature-256", ""), "sha256=" + wanted):
        return Response(status_code=403)
    for entry in (await request.json())["entry"]:
        for item in entry.get("messaging", []):
            message = item.get("message", {})
            if "text" in message and not message.get("is_echo"):
                await enqueue(item["sender"]["id"], message["mid"], message["text"])
    return Response("EVENT_RECEIVED")


async def enqueue(sender: str, mid: str, text: str) -> None:
    """The record is written after the publish, and the publish carries a deduplication id: both may
    happen again safely.
    """
    document = f"{STORE}/{quote(mid, safe='')}"
    if (await client.get(document, headers=google)).status_code == 200:
        return
    await queue.message.publish_json(
        url=f"{BASE}/jobs/answer",
        body={"sender": sender, "mid": mid, "text": text},
        deduplication_id=mid,
        retries=3,
    )
    answer = await client.patch(
        document, headers=google, json={"fields": {"sender": {"stringValue": sender}}}
    )
    answer.raise_for_status()


@app.post("/jobs/answer")
async def answer(request: Request) -> Response:
    body = (await request.body()).decode()
    Receiver(os.environ["KEY_NOW"], os.environ["KEY_NEXT"]).verify(
        signature=request.headers["upstash-signature"], body=body, url=f"{BASE}/jobs/answer"
    )
    job = await request.json()
    sent = await client.post(
        "https://graph.facebook.com/v23.0/me/messages",
        params={"access_token": os.environ["PAGE_TOKEN"]},
        json={"recipient": {"id": job["sender"]}, "message": {"text": "Thanks: " + job["text"]}},
    )
    sent.raise_for_status()
    return Response("done")
