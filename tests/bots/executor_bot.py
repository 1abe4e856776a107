"""A batch in parallel, on a pool of threads: records are looked up with `map`, and what is new is
published with `run_in_executor`.

BUG=submit: the pool is given the batch and nobody waits for it.
"""

import asyncio
import hmac
import json
import os
from concurrent.futures import ThreadPoolExecutor

import httpx
from qstash import QStash, Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

BUG = os.environ.get("BUG", "")
HANDLE = os.environ["PUBLIC_URL"] + "/handle"
RECORDS = (
    f"https://firestore.googleapis.com/v1/projects/{os.environ['FIRESTORE_PROJECT']}"
    "/databases/(default)/documents/processedMessages"
)
Job = dict[str, str]

pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="publish")
queue = QStash(os.environ["QSTASH_TOKEN"], retry=False)
store = httpx.Client(headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"})


def is_known(job: Job) -> bool:
    return store.get(f"{RECORDS}/{job['mid']}").status_code == 200


def publish(job: Job) -> None:
    queue.message.publish_json(url=HANDLE, body=job, deduplication_id=job["mid"])
    fields = {"sender": {"stringValue": job["sender"]}}
    store.patch(f"{RECORDS}/{job['mid']}", json={"fields": fields}).raise_for_status()


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
    await publish_all(
        [
            {
                "sender": item["sender"]["id"],
                "mid": item["message"]["mid"],
                "text": item["message"]["text"],
            }
            for entry in json.loads(body)["entry"]
            for item in entry.get("messaging", [])
            if item.get("message", {}).get("text") and not item["message"].get("is_echo")
        ]
    )
    return PlainTextResponse("EVENT_RECEIVED")


async def verify(request: Request) -> Response:
    if request.query_params.get("hub.verify_token") != os.environ["FB_VERIFY_TOKEN"]:
        return PlainTextResponse("wrong token", 403)
    return PlainTextResponse(request.query_params["hub.challenge"])


def send(job: Job) -> None:
    sent = httpx.post(
        "https://graph.facebook.com/v23.0/me/messages",
        headers={"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"},
        json={"recipient": {"id": job["sender"]}, "message": {"text": "Hi! " + job["text"]}},
    )
    sent.raise_for_status()


async def handle(request: Request) -> Response:
    body = (await request.body()).decode()
    keys = os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    Receiver(*keys).verify(signature=request.headers["upstash-signature"], body=body, url=HANDLE)
    await asyncio.to_thread(send, json.loads(body))
    return PlainTextResponse("done")


app = Starlette(
    routes=[
        Route("/webhook", verify, methods=["GET"]),
        Route("/webhook", webhook, methods=["POST"]),
        Route("/handle", handle, methods=["POST"]),
    ]
)
