"""A bot that waits: a conflict in the store is tried again after a pause, and so is a send that
failed. Its endpoints are plain functions that reach back into the event loop for the store.

BUG=requeue: before each send it puts the job into the queue again, in case the send should fail,
and never takes it out.
"""

import asyncio
import hashlib
import hmac
import json
import os
import random
import time
from contextlib import suppress
from typing import Any

import httpx
from anyio import from_thread
from qstash import QStash, Receiver
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

BUG = os.environ.get("BUG", "")
ANSWER = os.environ["PUBLIC_URL"] + "/answer"
ROOT = f"projects/{os.environ['FIRESTORE_PROJECT']}/databases/(default)/documents"

queue = QStash(os.environ["QSTASH_TOKEN"], retry=False)
# The SDK waits for ten minutes, and has no option for that.
queue.http._client.timeout = httpx.Timeout(4)
store = httpx.AsyncClient(
    base_url="https://firestore.googleapis.com/v1/",
    headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"},
    timeout=4,
)


def verify(request: Request) -> Response:
    if request.query_params.get("hub.verify_token") != os.environ["FB_VERIFY_TOKEN"]:
        raise HTTPException(403)
    return PlainTextResponse(request.query_params["hub.challenge"])


def receive(request: Request) -> Response:
    raw = from_thread.run(request.body)
    mac = hmac.new(os.environ["FB_APP_SECRET"].encode(), raw, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(request.headers.get("x-hub-signature-256", ""), "sha256=" + mac):
        raise HTTPException(403)
    for entry in listed(parse(raw), "entry"):
        for item in listed(entry, "messaging"):
            match item:
                case {"message": {"is_echo": True}}:
                    continue
                case {"sender": {"id": str(to)}, "message": {"mid": str(mid), "text": str(text)}}:
                    job = {"to": to, "mid": mid, "text": text}
                    if not from_thread.run(exists, f"{ROOT}/processedMessages/{mid}"):
                        queue.message.publish_json(url=ANSWER, body=job, deduplication_id=mid)
                        from_thread.run(count, job)
    return PlainTextResponse("ok")


def parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400) from error


def listed(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


async def exists(name: str) -> bool:
    found = await store.get(name)
    if found.status_code != 404:
        found.raise_for_status()
    return found.status_code == 200


async def note(name: str) -> None:
    await store.patch(name, json={})


async def count(job: dict[str, str]) -> None:
    """The message's record and its user's counter, in one commit or not at all."""
    record, user = f"{ROOT}/processedMessages/{job['mid']}", f"{ROOT}/users/{job['to']}"
    for attempt in range(12):
        read = await store.post(f"{ROOT}:batchGet", json={"documents": [record, user]})
        found = {each["found"]["name"]: each["found"] for each in read.json() if "found" in each}
        if record in found:
            return
        number = int(found[user]["fields"]["messages"]["integerValue"]) if user in found else 0
        unchanged: dict[str, Any] = (
            {"updateTime": found[user]["updateTime"]} if user in found else {"exists": False}
        )
        total = {"messages": {"integerValue": str(number + 1)}}
        writes = [
            {"update": {"name": record, "fields": {}}, "currentDocument": {"exists": False}},
            {"update": {"name": user, "fields": total}, "currentDocument": unchanged},
        ]
        done = await store.post(f"{ROOT}:commit", json={"writes": writes})
        if done.is_success:
            return
        await asyncio.sleep(random.uniform(0.01, 0.05) * 1.5**attempt)
    raise HTTPException(503)


def answer(request: Request) -> Response:
    raw = from_thread.run(request.body)
    keys = os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    signature = request.headers.get("upstash-signature", "")
    try:
        Receiver(*keys).verify(signature=signature, body=raw.decode(), url=ANSWER)
    except Exception as error:  # a token can be wrong in many ways
        raise HTTPException(401) from error
    match parse(raw):
        case {"to": str(to), "mid": str(mid), "text": str(text)} as job:
            reply = {"recipient": {"id": to}, "message": {"text": f"Ah, {text}"}}
        case _:
            raise HTTPException(400)
    if BUG == "requeue":
        queue.message.publish_json(url=ANSWER, body=job | {"again": True}, delay="30s")
        if "again" in job:
            return PlainTextResponse("answered before")
    answered = f"{ROOT}/answeredMessages/{mid}"
    if from_thread.run(exists, answered):
        return PlainTextResponse("answered before")
    time.sleep(0.1)  # an answer that comes at once frightens people
    for pause_s in (0.2, 1.0, 5.0):
        sent = httpx.post(
            "https://graph.facebook.com/v23.0/me/messages",
            headers={"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"},
            json=reply,
        )
        if sent.is_success:
            # An error now would have the reply sent again.
            with suppress(httpx.HTTPError):
                from_thread.run(note, answered)
            return PlainTextResponse("answered")
        time.sleep(pause_s)
    raise HTTPException(503)


app = Starlette(
    routes=[
        Route("/webhook", verify, methods=["GET"]),
        Route("/webhook", receive, methods=["POST"]),
        Route("/answer", answer, methods=["POST"]),
    ]
)
