"""FastAPI as its documentation teaches it: injected settings and clients, pydantic models, and
background tasks, which only log.

BUG=background: the publish is a background task; it is made where the host waits for the
application call, and lost where the response ends the invocation.
"""

import asyncio
import hashlib
import hmac
import logging
import os
from contextlib import suppress
from functools import cache
from typing import Annotated

import httpx
from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException, Query, Request
from pydantic import BaseModel, ValidationError
from qstash import AsyncQStash, Receiver

LOG = logging.getLogger(__name__)
BUG = os.environ.get("BUG", "")
JOBS = os.environ["PUBLIC_URL"] + "/v1/jobs"
SEND = "https://graph.facebook.com/v23.0/me/messages"

app = FastAPI()


class Message(BaseModel):
    mid: str
    text: str | None = None
    is_echo: bool = False


class Person(BaseModel):
    id: str


class Event(BaseModel):
    sender: Person
    message: Message | None = None


class Payload(BaseModel):
    class Entry(BaseModel):
        messaging: list[Event] = []

    entry: list[Entry]


class Job(BaseModel):
    to: str
    mid: str
    text: str


class Inbox:
    def __init__(self) -> None:
        self.queue = AsyncQStash(os.environ["QSTASH_TOKEN"], retry=False)
        self.http = httpx.AsyncClient(
            base_url="https://firestore.googleapis.com/v1/projects/"
            f"{os.environ['FIRESTORE_PROJECT']}/databases/(default)/documents/",
            headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"},
            timeout=4,
        )

    async def has(self, path: str) -> bool:
        found = await self.http.get(path)
        if found.status_code != 404:
            found.raise_for_status()
        return found.is_success

    async def take(self, job: Job) -> None:
        if await self.has(f"processedMessages/{job.mid}"):
            return
        body = job.model_dump()
        async with asyncio.timeout(4):
            await self.queue.message.publish_json(url=JOBS, body=body, deduplication_id=job.mid)
        record = {"fields": {"to": {"stringValue": job.to}}}
        (await self.http.patch(f"processedMessages/{job.mid}", json=record)).raise_for_status()


@cache
def inbox() -> Inbox:
    return Inbox()


async def signed(request: Request, x_hub_signature_256: Annotated[str, Header()] = "") -> Payload:
    body = await request.body()
    mac = hmac.new(os.environ["FB_APP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(x_hub_signature_256, "sha256=" + mac):
        raise HTTPException(403)
    try:
        return Payload.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422) from error


async def delivered(request: Request, upstash_signature: Annotated[str, Header()]) -> Job:
    body = await request.body()
    keys = os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    try:
        Receiver(*keys).verify(signature=upstash_signature, body=body.decode(), url=JOBS)
    except Exception as error:  # a token can be wrong in many ways
        raise HTTPException(401) from error
    try:
        return Job.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422) from error


@app.get("/v1/messenger")
async def subscribe(
    token: Annotated[str, Query(alias="hub.verify_token")],
    challenge: Annotated[int, Query(alias="hub.challenge")],
) -> int:
    if token != os.environ["FB_VERIFY_TOKEN"]:
        raise HTTPException(403)
    return challenge


@app.post("/v1/messenger")
async def messenger(
    payload: Annotated[Payload, Depends(signed)],
    inbox: Annotated[Inbox, Depends(inbox)],
    tasks: BackgroundTasks,
) -> str:
    for event in (event for entry in payload.entry for event in entry.messaging):
        message = event.message
        if message and message.text and not message.is_echo:
            job = Job(to=event.sender.id, mid=message.mid, text=message.text)
            if BUG == "background":
                tasks.add_task(inbox.take, job)
            else:
                await inbox.take(job)
            tasks.add_task(LOG.info, "a message of %s was taken", job.to)
    return "EVENT_RECEIVED"


@app.post("/v1/jobs")
async def jobs(
    job: Annotated[Job, Depends(delivered)], inbox: Annotated[Inbox, Depends(inbox)]
) -> dict[str, bool]:
    if await inbox.has(f"answered/{job.mid}"):
        return {"sent": False}
    page = {"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"}
    reply = {"recipient": {"id": job.to}, "message": {"text": f"Dear user: {job.text}"}}
    (await inbox.http.post(SEND, headers=page, json=reply)).raise_for_status()
    # An error now would have the reply sent again.
    with suppress(httpx.HTTPError):
        await inbox.http.patch(f"answered/{job.mid}", json={})
    return {"sent": True}
