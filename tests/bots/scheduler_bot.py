"""A scheduler thread, started when the module is imported, wakes every second for jobs that are
due; here a heartbeat, every half minute, that only counts.

BUG=outbox: the webhook leaves its publishes to the thread, which makes them every five seconds.
"""

import hmac
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from qstash import QStash, Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

BUG = os.environ.get("BUG", "")
ANSWER = os.environ["PUBLIC_URL"] + "/internal/answer"
DATABASE = (
    f"https://firestore.googleapis.com/v1/projects/{os.environ['FIRESTORE_PROJECT']}"
    "/databases/(default)/documents"
)
SEND = "https://graph.facebook.com/v23.0/me/messages"
LOG = logging.getLogger(__name__)

queue = QStash(os.environ["QSTASH_TOKEN"], retry=False)
# The SDK waits for ten minutes, and has no option for that.
queue.http._client.timeout = httpx.Timeout(4)
store = httpx.Client(
    headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"}, timeout=4
)
outbox: deque[dict[str, Any]] = deque()
beats = 0


def heartbeat() -> None:
    global beats
    beats += 1
    LOG.debug("alive, beat %d", beats)


def flush() -> None:
    while outbox:
        publish(outbox.popleft())


def publish(job: dict[str, Any]) -> None:
    queue.message.publish_json(url=ANSWER, body=job, deduplication_id=job["mid"])


def run_pending(jobs: dict[Callable[[], None], float]) -> None:
    """The scheduler's loop: calls each job once in its interval."""
    due = {job: time.monotonic() + every for job, every in jobs.items()}
    while True:
        for job, every in jobs.items():
            if time.monotonic() >= due[job]:
                job()
                due[job] = time.monotonic() + every
        time.sleep(1)


TIMETABLE = {heartbeat: 30.0, flush: 5.0}
threading.Thread(target=run_pending, args=(TIMETABLE,), name="scheduler", daemon=True).start()


async def webhook(request: Request) -> Response:
    if request.method == "GET":
        if request.query_params["hub.verify_token"] != os.environ["FB_VERIFY_TOKEN"]:
            return PlainTextResponse("wrong token", 403)
        return PlainTextResponse(request.query_params["hub.challenge"])
    body = await request.body()
    wanted = "sha256=" + hmac.digest(os.environ["FB_APP_SECRET"].encode(), body, "sha256").hex()
    if not hmac.compare_digest(request.headers.get("x-hub-signature-256", ""), wanted):
        return PlainTextResponse("wrong signature", 403)
    for entry in objects(parsed(body), "entry"):
        for item in objects(entry, "messaging"):
            message, sender = item.get("message"), item.get("sender")
            if not isinstance(message, dict) or message.get("is_echo"):
                continue
            to = sender.get("id") if isinstance(sender, dict) else None
            job = {"to": to, "mid": message.get("mid"), "text": message.get("text")}
            if all(isinstance(value, str) and value for value in job.values()):
                take(job)
    return PlainTextResponse("ok")


def parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def objects(value: Any, key: str) -> list[dict[str, Any]]:
    found = value.get(key) if isinstance(value, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def take(job: dict[str, Any]) -> None:
    """Blocks the loop for short calls, which nobody minds: an instance has one request."""
    record = f"{DATABASE}/processedMessages/{job['mid']}"
    if exists(record):
        return
    if BUG == "outbox":
        outbox.append(job)
    else:
        publish(job)
    fields = {"to": {"stringValue": job["to"]}}
    note(record, fields).raise_for_status()


def note(record: str, fields: dict[str, Any]) -> httpx.Response:
    return store.patch(record, json={"fields": fields})


def exists(record: str) -> bool:
    found = store.get(record)
    if found.status_code != 404:
        found.raise_for_status()
    return found.status_code == 200


async def answer(request: Request) -> Response:
    body = await request.body()
    keys = os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    signature = request.headers.get("upstash-signature", "")
    try:
        Receiver(*keys).verify(signature=signature, body=body.decode(), url=ANSWER)
    except Exception:  # a token can be wrong in many ways
        return PlainTextResponse("wrong token", 401)
    match parsed(body):
        case {"to": str(to), "mid": str(mid), "text": str(text)}:
            reply = {"recipient": {"id": to}, "message": {"text": "Heard: " + text}}
        case _:
            return PlainTextResponse("no job", 400)
    record = f"{DATABASE}/answeredMessages/{mid}"
    if exists(record):
        return PlainTextResponse("answered before")
    page = {"access_token": os.environ["FB_PAGE_TOKEN"]}
    async with httpx.AsyncClient() as client:
        (await client.post(SEND, params=page, json=reply)).raise_for_status()
    # An error now would have the reply sent again.
    with suppress(httpx.HTTPError):
        note(record, {})
    return PlainTextResponse("ok")


app = Starlette(
    routes=[
        Route("/webhook", webhook, methods=["GET", "POST"]),
        Route("/internal/answer", answer, methods=["POST"]),
    ]
)
