"""FastAPI with plain `def` endpoints, which run on worker threads, and one synchronous client.

BUG=lock: the record is looked up and then written, under a lock, with no id in the publish; the
other instances do not share the lock.
"""

import hashlib
import hmac
import json
import os
import threading
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import PlainTextResponse
from qstash import Receiver

BUG = os.environ.get("BUG", "")
PROJECT = os.environ["FIRESTORE_PROJECT"]
STORE = f"https://firestore.googleapis.com/v1/projects/{PROJECT}/databases/(default)/documents"
GOOGLE = {"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"}
WORKER = os.environ["PUBLIC_URL"] + "/worker"

app = FastAPI()
http = httpx.Client(timeout=4)
lock = threading.Lock()


async def raw_body(request: Request) -> bytes:
    return await request.body()


Raw = Annotated[bytes, Depends(raw_body)]


@app.get("/messenger")
def subscribe(
    token: Annotated[str, Query(alias="hub.verify_token")],
    challenge: Annotated[str, Query(alias="hub.challenge")],
) -> PlainTextResponse:
    if not hmac.compare_digest(token, os.environ["FB_VERIFY_TOKEN"]):
        raise HTTPException(403)
    return PlainTextResponse(challenge)


@app.post("/messenger")
def receive(request: Request, raw: Raw) -> str:
    mac = hmac.new(os.environ["FB_APP_SECRET"].encode(), raw, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(request.headers.get("x-hub-signature-256", ""), f"sha256={mac}"):
        raise HTTPException(403)
    for entry in items(parse(raw), "entry"):
        for event in items(entry, "messaging"):
            match event:
                case {"message": {"is_echo": True}}:
                    continue
                case {"sender": {"id": str(to)}, "message": {"mid": str(mid), "text": str(text)}}:
                    accept({"to": to, "mid": mid, "q": text})
    return "ok"


def parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def items(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def accept(job: dict[str, str]) -> None:
    """Publish, then note it: a repeated publish carries the same id, so the queue drops it."""
    document = f"{STORE}/processedMessages/{quote(job['mid'], safe='')}"
    guard: AbstractContextManager[Any] = lock if BUG == "lock" else nullcontext()
    with guard:
        if exists(document):
            return
        if BUG != "lock":
            publish(job, {"Upstash-Deduplication-Id": job["mid"]})
        fields = {"sender": {"stringValue": job["to"]}}
        http.patch(document, headers=GOOGLE, json={"fields": fields}).raise_for_status()
    if BUG == "lock":
        publish(job, {})


def exists(document: str) -> bool:
    found = http.get(document, headers=GOOGLE)
    if found.status_code != 404:
        found.raise_for_status()
    return found.status_code == 200


def publish(job: dict[str, str], headers: dict[str, str]) -> None:
    http.post(
        f"https://qstash.upstash.io/v2/publish/{WORKER}",
        headers={"Authorization": f"Bearer {os.environ['QSTASH_TOKEN']}", **headers},
        json=job,
    ).raise_for_status()


@app.post("/worker")
def work(request: Request, raw: Raw) -> str:
    keys = os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    signature = request.headers.get("upstash-signature", "")
    try:
        Receiver(*keys).verify(signature=signature, body=raw.decode(), url=WORKER)
    except Exception as error:
        raise HTTPException(401) from error
    match parse(raw):
        case {"to": str(to), "mid": str(mid), "q": str(question)}:
            answer = {"recipient": {"id": to}, "message": {"text": f"You asked: {question}"}}
        case _:
            raise HTTPException(400)
    answered = f"{STORE}/answeredMessages/{quote(mid, safe='')}"
    if exists(answered):
        return "answered before"
    http.post(
        "https://graph.facebook.com/v23.0/me/messages",
        params={"access_token": os.environ["FB_PAGE_TOKEN"]},
        json=answer,
    ).raise_for_status()
    # An error now would have the reply sent again.
    with suppress(httpx.HTTPError):
        http.patch(answered, headers=GOOGLE, json={})
    return "done"
