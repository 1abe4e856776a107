"""Client and publisher live as long as the application: a worker task that the lifespan starts
publishes what the webhooks hand to it, so that one place limits how fast.

BUG=hand-off: the webhook gives the worker its job and does not wait for it.
"""

import asyncio
import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypedDict

import httpx
from qstash import AsyncQStash, Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

BUG = os.environ.get("BUG", "")
JOBS = os.environ["PUBLIC_URL"] + "/jobs"
SEND = "https://graph.facebook.com/v23.0/me/messages"
DATABASE = (
    f"https://firestore.googleapis.com/v1/projects/{os.environ['FIRESTORE_PROJECT']}"
    "/databases/(default)/documents"
)


class State(TypedDict):
    http: httpx.AsyncClient
    publisher: "Publisher"


@dataclass
class Publisher:
    """One task that publishes, and the queue of jobs before it."""

    queue: AsyncQStash
    waiting: asyncio.Queue[tuple[dict[str, str], asyncio.Future[None]]] = field(
        default_factory=asyncio.Queue
    )

    async def publish(self, job: dict[str, str]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.put_nowait((job, done))
        if BUG != "hand-off":
            await done

    async def run(self) -> None:
        while True:
            job, done = await self.waiting.get()
            try:
                key = job["mid"]
                async with asyncio.timeout(4):
                    await self.queue.message.publish_json(url=JOBS, body=job, deduplication_id=key)
                done.set_result(None)
            except Exception as error:
                done.set_exception(error)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[State]:
    publisher = Publisher(AsyncQStash(os.environ["QSTASH_TOKEN"], retry=False))
    worker = asyncio.create_task(publisher.run())
    headers = {"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"}
    async with httpx.AsyncClient(headers=headers, timeout=4) as http:
        yield {"http": http, "publisher": publisher}
    worker.cancel()


async def handshake(request: Request) -> Response:
    if request.query_params.get("hub.verify_token") != os.environ["FB_VERIFY_TOKEN"]:
        return Response(status_code=403)
    return PlainTextResponse(request.query_params["hub.challenge"])


async def receive(request: Request) -> Response:
    body = await request.body()
    mac = hmac.new(os.environ["FB_APP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(request.headers.get("x-hub-signature-256", ""), "sha256=" + mac):
        return Response(status_code=403)
    for job in messages(body):
        url = f"{DATABASE}/seen/{job['mid']}"
        if await exists(request.state.http, url):
            continue
        await request.state.publisher.publish(job)
        fields = {"to": {"stringValue": job["to"]}}
        (await request.state.http.patch(url, json={"fields": fields})).raise_for_status()
    return Response()


async def exists(http: httpx.AsyncClient, url: str) -> bool:
    found = await http.get(url)
    if found.status_code != 404:
        found.raise_for_status()
    return found.status_code == 200


def messages(body: bytes) -> Iterator[dict[str, str]]:
    """What users wrote; whatever else is in a body, or is no body, is left out."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return
    for item in (item for entry in parts(payload, "entry") for item in parts(entry, "messaging")):
        match item:
            case {"message": {"is_echo": True}}:
                continue
            case {"sender": {"id": str(to)}, "message": {"mid": str(mid), "text": str(text)}}:
                yield {"to": to, "mid": mid, "text": text}


def parts(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


async def jobs(request: Request) -> Response:
    keys = os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    try:
        body = (await request.body()).decode()
        Receiver(*keys).verify(signature=request.headers["upstash-signature"], body=body, url=JOBS)
    except Exception:  # no token, no text, or no good token
        return Response(status_code=401)
    try:
        job = json.loads(body)
    except (ValueError, RecursionError):
        job = None
    match job:
        case {"to": str(to), "mid": str(mid), "text": str(text)}:
            reply = {"recipient": {"id": to}, "message": {"text": f"Noted: {text}"}}
        case _:
            return Response(status_code=422)
    url = f"{DATABASE}/answered/{mid}"
    if await exists(request.state.http, url):
        return Response()
    page = {"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"}
    (await request.state.http.post(SEND, headers=page, json=reply)).raise_for_status()
    # An error now would have the reply sent again.
    with suppress(httpx.HTTPError):
        await request.state.http.patch(url, json={})
    return Response()


app = Starlette(
    routes=[
        Route("/webhook", handshake, methods=["GET"]),
        Route("/webhook", receive, methods=["POST"]),
        Route("/jobs", jobs, methods=["POST"]),
    ],
    lifespan=lifespan,
)
