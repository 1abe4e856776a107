"""A correct bot of another shape than the reference: FastAPI, a module-level client, one file,
nested collections for what is queued and for what is answered.
"""

import asyncio
import hashlib
import hmac
import json
import os
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx
from fastapi import FastAPI, HTTPException, Request, Response
from qstash import AsyncQStash, Receiver

SHOP = "https://firestore.googleapis.com/v1/projects/shop/databases/(default)/documents/shops/one"
BASE = "https://shop.example.org"

app = FastAPI()
client = httpx.AsyncClient(timeout=4)
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
    for entry in parts(parse(body), "entry"):
        for item in parts(entry, "messaging"):
            match item:
                case {"message": {"is_echo": True}}:
                    continue
                case {"sender": {"id": str(id)}, "message": {"mid": str(mid), "text": str(text)}}:
                    await enqueue(id, mid, text)
    return Response("EVENT_RECEIVED")


def parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400) from error


def parts(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


async def enqueue(sender: str, mid: str, text: str) -> None:
    """The record is written after the publish, and the publish carries a deduplication id: both may
    happen again safely.
    """
    document = f"{SHOP}/seen/{quote(mid, safe='')}"
    if await exists(document):
        return
    async with asyncio.timeout(4):
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


async def exists(document: str) -> bool:
    found = await client.get(document, headers=google)
    if found.status_code != 404:
        found.raise_for_status()
    return found.status_code == 200


@app.post("/jobs/answer")
async def answer(request: Request) -> Response:
    body = await request.body()
    signature = request.headers.get("upstash-signature", "")
    receiver = Receiver(os.environ["KEY_NOW"], os.environ["KEY_NEXT"])
    try:
        receiver.verify(signature=signature, body=body.decode(), url=f"{BASE}/jobs/answer")
    except Exception as error:  # a token can be wrong in many ways
        raise HTTPException(401) from error
    match parse(body):
        case {"sender": str(sender), "mid": str(mid), "text": str(text)}:
            document = f"{SHOP}/answered/{quote(mid, safe='')}"
        case _:
            raise HTTPException(400)
    if await exists(document):
        return Response("answered before")
    sent = await client.post(
        "https://graph.facebook.com/v23.0/me/messages",
        params={"access_token": os.environ["PAGE_TOKEN"]},
        json={"recipient": {"id": sender}, "message": {"text": "Thanks: " + text}},
    )
    sent.raise_for_status()
    # Not raised when it fails: that would send the reply again.
    with suppress(httpx.HTTPError):
        await client.patch(document, headers=google, json={})
    return Response("done")
