"""A Messenger bot that claims each message once: before it is published, and before it is
answered.
"""

import asyncio
import hashlib
import hmac
import json
import os
from contextlib import suppress
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException, Request, Response
from qstash import AsyncQStash, Receiver

PUBLIC_URL = os.environ.get("PUBLIC_URL", "")
GRAPH_URL = os.environ.get("GRAPH_URL", "https://graph.facebook.com/v23.0")
FIRESTORE_URL = os.environ.get("FIRESTORE_URL", "https://firestore.googleapis.com/v1")
PROJECT = os.environ.get("FIRESTORE_PROJECT", "")
DOCUMENTS = f"{FIRESTORE_URL}/projects/{PROJECT}/databases/(default)/documents"

app = FastAPI()
http = httpx.AsyncClient(timeout=4)
queue = AsyncQStash(
    os.environ.get("QSTASH_TOKEN", ""), base_url=os.environ.get("QSTASH_URL"), retry=False
)
google = {"Authorization": "Bearer " + os.environ.get("FIRESTORE_TOKEN", "")}


async def claim(collection: str, key: str, owner: str) -> bool:
    """Whether there is work to do for `owner`, who may have begun it before and died. Raises what
    makes the answer an error, so that whoever called comes again.
    """
    new = {"owner": {"stringValue": owner}, "done": {"booleanValue": False}}
    created = await http.post(
        f"{DOCUMENTS}/{collection}",
        params={"documentId": key},
        headers=google,
        json={"fields": new},
    )
    if created.status_code != 409:
        created.raise_for_status()
        return True
    found = await http.get(f"{DOCUMENTS}/{collection}/{key}", headers=google)
    found.raise_for_status()
    record = found.json()["fields"]
    if record["done"]["booleanValue"]:
        return False
    if record["owner"]["stringValue"] == owner:
        return True
    raise HTTPException(503, "somebody else is at it")


async def finish(collection: str, key: str) -> None:
    written = await http.patch(
        f"{DOCUMENTS}/{collection}/{key}",
        params={"updateMask.fieldPaths": "done"},
        headers=google,
        json={"fields": {"done": {"booleanValue": True}}},
    )
    written.raise_for_status()


async def enqueue(sender: str, mid: str, text: str) -> None:
    key = hashlib.sha256(mid.encode()).hexdigest()
    if await claim("seen", key, owner="any copy"):  # the queue keeps one of what they publish
        await queue.message.publish_json(
            url=f"{PUBLIC_URL}/jobs/answer",
            body={"sender": sender, "mid": mid, "text": text},
            deduplication_id=key,
        )
        await finish("seen", key)


@app.post("/webhook")
async def receive(request: Request) -> Response:
    body = await request.body()
    secret = os.environ["FB_APP_SECRET"].encode()
    wanted = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    if not same(request.headers.get("x-hub-signature-256", ""), wanted):
        return Response(status_code=403)
    try:
        async with asyncio.timeout(4):
            for sender, mid, text in messages(parse(body)):
                await enqueue(sender, mid, text)
    except TimeoutError as error:
        raise HTTPException(503) from error
    return Response("EVENT_RECEIVED")


@app.post("/jobs/answer")
async def answer(request: Request) -> Response:
    body = await request.body()
    if not from_queue(request, body):
        return Response(status_code=401)
    match parse(body):
        case {"sender": str(sender), "mid": str(mid), "text": str(text)}:
            key = hashlib.sha256(mid.encode()).hexdigest()
        case _:
            return Response(status_code=400)
    if not await claim("answered", key, owner=request.headers["upstash-message-id"]):
        return Response("answered before")
    sent = await http.post(
        f"{GRAPH_URL}/me/messages",
        params={"access_token": os.environ["FB_PAGE_TOKEN"]},
        json={"recipient": {"id": sender}, "message": {"text": "You said: " + text}},
    )
    sent.raise_for_status()
    with suppress(httpx.HTTPError):  # an error now would have the reply sent again
        await finish("answered", key)
    return Response("answered")


@app.get("/webhook")
async def verify(request: Request) -> Response:
    query = request.query_params
    if not same(query.get("hub.verify_token", ""), os.environ["FB_VERIFY_TOKEN"]):
        return Response(status_code=403)
    return Response(query["hub.challenge"], media_type="text/plain")


def messages(notification: Any) -> list[tuple[str, str, str]]:
    """Sender, mid and text of each message that a user wrote."""
    found = []
    for entry in parts(notification, "entry"):
        for item in parts(entry, "messaging"):
            match item:
                case {"message": {"is_echo": True}}:
                    continue
                case {"sender": {"id": str(id)}, "message": {"mid": str(mid), "text": str(text)}}:
                    found.append((id, mid, text))
    return found


def from_queue(request: Request, body: bytes) -> bool:
    receiver = Receiver(
        os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    )
    try:
        receiver.verify(
            signature=request.headers.get("upstash-signature", ""),
            body=body.decode(),
            url=f"{PUBLIC_URL}/jobs/answer",
        )
    except Exception:  # a token can be wrong in many ways
        return False
    return True


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
