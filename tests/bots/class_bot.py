"""Class-based endpoints over a base class that checks who calls.

BUG=handshake: the base class checks what is posted and forgets the GET that subscribes, so anybody
can subscribe the webhook.
"""

import asyncio
import hmac
import json
import os
from contextlib import suppress
from typing import Any, ClassVar

import httpx
from qstash import AsyncQStash, Receiver
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

BUG = os.environ.get("BUG", "")
JOB_URL = os.environ["PUBLIC_URL"] + "/jobs"
SEND = "https://graph.facebook.com/v23.0/me/messages"


class Store:
    """The records of messages: those that the queue has, or those that are answered."""

    def __init__(self, collection: str) -> None:
        self._collection = collection
        project = os.environ["FIRESTORE_PROJECT"]
        self._database = f"projects/{project}/databases/(default)/documents"
        self._client = httpx.AsyncClient(
            base_url="https://firestore.googleapis.com/v1/",
            headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"},
            timeout=4,
        )

    async def has(self, mid: str) -> bool:
        found = await self._client.get(f"{self._database}/{self._collection}/{mid}")
        if found.status_code != 404:
            found.raise_for_status()
        return found.is_success

    async def add(self, mid: str) -> None:
        name = f"{self._database}/{self._collection}/{mid}"
        writes = [{"update": {"name": name, "fields": {"done": {"booleanValue": True}}}}]
        url = f"{self._database}:commit"
        (await self._client.post(url, json={"writes": writes})).raise_for_status()


class Guarded(HTTPEndpoint):
    """Refuses strangers: subclasses say who is known."""

    guarded: ClassVar[set[str]] = {"POST"} if BUG == "handshake" else {"GET", "POST"}

    async def admit(self, request: Request) -> bytes:
        body = await request.body()
        if request.method in self.guarded and not self.knows(request, body):
            raise HTTPException(403)
        return body

    def knows(self, request: Request, body: bytes) -> bool:
        raise NotImplementedError

    @staticmethod
    def parse(body: bytes) -> Any:
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise HTTPException(400) from error


class Webhook(Guarded):
    """The platform's side."""

    store: ClassVar[Store] = Store("messages")
    queue: ClassVar[AsyncQStash] = AsyncQStash(os.environ["QSTASH_TOKEN"], retry=False)

    def knows(self, request: Request, body: bytes) -> bool:
        if request.method == "GET":
            return request.query_params.get("hub.verify_token") == os.environ["FB_VERIFY_TOKEN"]
        mac = hmac.digest(os.environ["FB_APP_SECRET"].encode(), body, "sha256").hex()
        return hmac.compare_digest(request.headers.get("x-hub-signature-256", ""), "sha256=" + mac)

    async def get(self, request: Request) -> Response:
        await self.admit(request)
        return PlainTextResponse(request.query_params["hub.challenge"])

    async def post(self, request: Request) -> Response:
        payload = self.parse(await self.admit(request))
        for entry in self.many(payload, "entry"):
            for item in self.many(entry, "messaging"):
                match item:
                    case {"message": {"is_echo": True}}:
                        continue
                    case {"sender": {"id": str(id)}, "message": {"mid": str(mid), "text": str(q)}}:
                        await self.on_text(mid, {"sender": {"id": id}, "mid": mid, "text": q})
        return PlainTextResponse("ok")

    @staticmethod
    def many(value: Any, key: str) -> list[Any]:
        found = value.get(key) if isinstance(value, dict) else None
        return found if isinstance(found, list) else []

    async def on_text(self, mid: str, job: dict[str, Any]) -> None:
        if not await self.store.has(mid):
            async with asyncio.timeout(4):
                await self.queue.message.publish_json(url=JOB_URL, body=job, deduplication_id=mid)
            await self.store.add(mid)


class Jobs(Guarded):
    """The queue's side."""

    store: ClassVar[Store] = Store("answers")
    receiver: ClassVar[Receiver] = Receiver(
        os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    )

    def knows(self, request: Request, body: bytes) -> bool:
        signature = request.headers.get("upstash-signature", "")
        try:
            self.receiver.verify(signature=signature, body=body.decode(), url=JOB_URL)
        except Exception:  # a token can be wrong in many ways
            return False
        return True

    async def post(self, request: Request) -> Response:
        match self.parse(await self.admit(request)):
            case {"sender": {"id": str(id)}, "mid": str(mid), "text": str(text)}:
                reply = {"recipient": {"id": id}, "message": {"text": text.upper()}}
            case _:
                raise HTTPException(400)
        if await self.store.has(mid):
            return PlainTextResponse("sent before")
        page = {"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"}
        async with httpx.AsyncClient(headers=page) as client:
            (await client.post(SEND, json=reply)).raise_for_status()
        # An error now would have the reply sent again.
        with suppress(httpx.HTTPError):
            await self.store.add(mid)
        return PlainTextResponse("ok")


app = Starlette(routes=[Route("/webhook", Webhook), Route("/jobs", Jobs)])
