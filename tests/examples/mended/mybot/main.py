"""A Messenger bot: the webhook puts each message into the queue, the consumer answers it."""

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

PUBLIC_URL = os.environ.get("PUBLIC_URL", "")
GRAPH_URL = os.environ.get("GRAPH_URL", "https://graph.facebook.com/v23.0")
FIRESTORE_URL = os.environ.get("FIRESTORE_URL", "https://firestore.googleapis.com/v1")
PROJECT = os.environ.get("FIRESTORE_PROJECT", "")

app = FastAPI()
http = httpx.AsyncClient(timeout=4)
queue = AsyncQStash(
    os.environ.get("QSTASH_TOKEN", ""), base_url=os.environ.get("QSTASH_URL"), retry=False
)
google = {"Authorization": "Bearer " + os.environ.get("FIRESTORE_TOKEN", "")}


@app.get("/webhook")
async def verify(request: Request) -> Response:
    query = request.query_params
    if not same(query.get("hub.verify_token", ""), os.environ["FB_VERIFY_TOKEN"]):
        return Response(status_code=403)
    return Response(query["hub.challenge"], media_type="text/plain")


@app.post("/webhook")
async def receive(request: Request) -> Response:
    body = await request.body()
    secret = os.environ["FB_APP_SECRET"].encode()
    wanted = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    if not same(request.headers.get("x-hub-signature-256", ""), wanted):
        return Response(status_code=403)
    for entry in parts(parse(body), "entry"):
        for item in parts(entry, "messaging"):
            match item:
                case {"message": {"is_echo": True}}:
                    continue
                case {"sender": {"id": str(id)}, "message": {"mid": str(mid), "text": str(text)}}:
                    await enqueue(id, mid, text)
    return Response("EVENT_RECEIVED")


async def enqueue(sender: str, mid: str, text: str) -> None:
    seen = record("seen", mid)
    if await exists(seen):
        return
    async with asyncio.timeout(4):
        await queue.message.publish_json(
            url=f"{PUBLIC_URL}/jobs/answer",
            body={"sender": sender, "mid": mid, "text": text},
            deduplication_id=mid,
        )
    await write(seen)


@app.post("/jobs/answer")
async def answer(request: Request) -> Response:
    body = await request.body()
    receiver = Receiver(
        os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    )
    try:
        receiver.verify(
            signature=request.headers.get("upstash-signature", ""),
            body=body.decode(),
            url=f"{PUBLIC_URL}/jobs/answer",
        )
    except Exception as error:  # a token can be wrong in many ways
        raise HTTPException(401) from error
    match parse(body):
        case {"sender": str(sender), "mid": str(mid), "text": str(text)}:
            answered = record("answered", mid)
        case _:
            raise HTTPException(400)
    if await exists(answered):
        return Response("answered before")
    sent = await http.post(
        f"{GRAPH_URL}/me/messages",
        params={"access_token": os.environ["FB_PAGE_TOKEN"]},
        json={"recipient": {"id": sender}, "message": {"text": "You said: " + text}},
    )
    sent.raise_for_status()
    with suppress(httpx.HTTPError):  # an error now would have the reply sent again
        await write(answered)
    return Response("answered")


def record(collection: str, mid: str) -> str:
    """The address of a message's record in Firestore."""
    documents = f"{FIRESTORE_URL}/projects/{PROJECT}/databases/(default)/documents"
    return f"{documents}/{collection}/{quote(mid, safe='')}"


async def exists(document: str) -> bool:
    found = await http.get(document, headers=google)
    if found.status_code != 404:
        found.raise_for_status()
    return found.status_code == 200


async def write(document: str) -> None:
    (await http.patch(document, headers=google, json={"fields": {}})).raise_for_status()


def parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400) from error


def parts(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
