"""A batch in parallel, on a pool of threads: records are looked up with `map`, and what is new is
published with `run_in_executor`.

BUG=submit: the pool is given the batch and nobody waits for it.
"""

import asyncio
import hmac
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
from qstash import QStash, Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

BUG = os.environ.get("BUG", "")
HANDLE = os.environ["PUBLIC_URL"] + "/handle"
DATABASE = (
    f"https://firestore.googleapis.com/v1/projects/{os.environ['FIRESTORE_PROJECT']}"
    "/databases/(default)/documents"
)
Job = dict[str, str]

pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="publish")
queue = QStash(os.environ["QSTASH_TOKEN"], retry=False)
# The SDK waits for ten minutes, and has no option for that.
queue.http._client.timeout = httpx.Timeout(4)
store = httpx.Client(
    headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"}, timeout=4
)


def exists(record: str) -> bool:
    found = store.get(record)
    if found.status_code != 404:
        found.raise_for_status()
    return found.status_code == 200


def is_known(job: Job) -> bool:
    return exists(f"{DATABASE}/processedMessages/{job['mid']}")


def publish(job: Job) -> None:
    queue.message.publish_json(url=HANDLE, body=job, deduplication_id=job["mid"])
    fields = {"sender": {"stringValue": job["sender"]}}
    record = f"{DATABASE}/processedMessages/{job['mid']}"
    store.patch(record, json={"fields": fields}).raise_for_status()


async def publish_all(jobs: list[Job]) -> None:
    new = [job for job, known in zip(jobs, pool.map(is_known, jobs), strict=True) if not known]
    if BUG == "submit":
        for job in new:
            pool.submit(publish, job)
        return
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(pool, publish, job) for job in new))


async def webhook(request: Request) -> Response:
    body = await request.body()
    mac = hmac.digest(os.environ["FB_APP_SECRET"].encode(), body, "sha256").hex()
    if not hmac.compare_digest(request.headers.get("x-hub-signature-256", ""), "sha256=" + mac):
        return PlainTextResponse("wrong signature", 403)
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return PlainTextResponse("not JSON", 400)
    found = [
        as_job(item) for entry in parts(payload, "entry") for item in parts(entry, "messaging")
    ]
    await publish_all([job for job in found if job is not None])
    return PlainTextResponse("EVENT_RECEIVED")


def parts(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def as_job(item: Any) -> Job | None:
    try:
        message = item["message"]
        job = {"sender": item["sender"]["id"], "mid": message["mid"], "text": message["text"]}
    except (LookupError, TypeError):
        return None
    is_text = all(value and isinstance(value, str) for value in job.values())
    return job if is_text and not message.get("is_echo") else None


async def verify(request: Request) -> Response:
    if request.query_params.get("hub.verify_token") != os.environ["FB_VERIFY_TOKEN"]:
        return PlainTextResponse("wrong token", 403)
    return PlainTextResponse(request.query_params["hub.challenge"])


def send(job: Job) -> None:
    record = f"{DATABASE}/answeredMessages/{job['mid']}"
    if exists(record):
        return
    sent = httpx.post(
        "https://graph.facebook.com/v23.0/me/messages",
        headers={"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"},
        json={"recipient": {"id": job["sender"]}, "message": {"text": "Hi! " + job["text"]}},
    )
    sent.raise_for_status()
    # An error now would have the reply sent again.
    with suppress(httpx.HTTPError):
        store.patch(record, json={})


async def handle(request: Request) -> Response:
    body = await request.body()
    keys = os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    signature = request.headers.get("upstash-signature", "")
    try:
        Receiver(*keys).verify(signature=signature, body=body.decode(), url=HANDLE)
    except Exception:  # a token can be wrong in many ways
        return PlainTextResponse("wrong token", 401)
    try:
        job = json.loads(body)
    except (ValueError, RecursionError):
        job = None
    match job:
        case {"sender": str(), "mid": str(), "text": str()}:
            await asyncio.to_thread(send, job)
        case _:
            return PlainTextResponse("no job", 400)
    return PlainTextResponse("done")


app = Starlette(
    routes=[
        Route("/webhook", verify, methods=["GET"]),
        Route("/webhook", webhook, methods=["POST"]),
        Route("/handle", handle, methods=["POST"]),
    ]
)
