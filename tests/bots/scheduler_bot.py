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

import httpx
from qstash import QStash, Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

BUG = os.environ.get("BUG", "")
ANSWER = os.environ["PUBLIC_URL"] + "/internal/answer"
RECORDS = (
    f"https://firestore.googleapis.com/v1/projects/{os.environ['FIRESTORE_PROJECT']}"
    "/databases/(default)/documents/processedMessages"
)
SEND = "https://graph.facebook.com/v23.0/me/messages"
LOG = logging.getLogger(__name__)

queue = QStash(os.environ["QSTASH_TOKEN"], retry=False)
store = httpx.Client(headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"})
outbox: deque[dict[str, str]] = deque()
beats = 0


def heartbeat() -> None:
    global beats
    beats += 1
    LOG.debug("alive, beat %d", beats)


def flush() -> None:
    while outbox:
        publish(outbox.popleft())


def publish(job: dict[str, str]) -> None:
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
    for entry in json.loads(body)["entry"]:
        for item in entry.get("messaging", []):
            message = item.get("message", {})
            if message.get("text") and not message.get("is_echo"):
                take({"to": item["sender"]["id"], "mid": message["mid"], "text": message["text"]})
    return PlainTextResponse("ok")


def take(job: dict[str, str]) -> None:
    """Blocks the loop for two short calls, which nobody minds: an instance has one request."""
    if BUG == "outbox":
        outbox.append(job)
    else:
        publish(job)
    fields = {"to": {"stringValue": job["to"]}}
    store.patch(f"{RECORDS}/{job['mid']}", json={"fields": fields}).raise_for_status()


async def answer(request: Request) -> Response:
    body = (await request.body()).decode()
    keys = os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    Receiver(*keys).verify(signature=request.headers["upstash-signature"], body=body, url=ANSWER)
    job = json.loads(body)
    page = {"access_token": os.environ["FB_PAGE_TOKEN"]}
    reply = {"recipient": {"id": job["to"]}, "message": {"text": "Heard: " + job["text"]}}
    async with httpx.AsyncClient() as client:
        (await client.post(SEND, params=page, json=reply)).raise_for_status()
    return PlainTextResponse("ok")


app = Starlette(
    routes=[
        Route("/webhook", webhook, methods=["GET", "POST"]),
        Route("/internal/answer", answer, methods=["POST"]),
    ]
)
