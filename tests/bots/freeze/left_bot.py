"""A Python bot that makes one publish for each message; the text says how that is left behind the
response, or that it is not. VICE says it for all messages.
"""

import asyncio
import os

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

CONSUMER = os.environ["PUBLIC_URL"] + "/api/process-message"
client = httpx.AsyncClient()
tasks: set[asyncio.Task[None]] = set()


async def publish(mid: str, timeout_s: float = 5.0) -> None:
    await client.post(
        f"{os.environ['QSTASH_URL']}/v2/publish/{CONSUMER}",
        headers={"Authorization": f"Bearer {os.environ['QSTASH_TOKEN']}"},
        content=mid,
        timeout=timeout_s,
    )


async def read(name: str) -> None:
    project = os.environ["FIRESTORE_PROJECT"]
    await client.get(
        f"{os.environ['FIRESTORE_URL']}/projects/{project}/databases/(default)/documents/n/{name}",
        headers={"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"},
    )


def leave(work: asyncio.Task[None]) -> None:
    tasks.add(work)
    work.add_done_callback(tasks.discard)


async def webhook(request: Request) -> PlainTextResponse:
    if request.method == "GET":
        right = request.query_params.get("hub.verify_token") == os.environ["FB_VERIFY_TOKEN"]
        return PlainTextResponse(
            request.query_params.get("hub.challenge", ""), 200 if right else 403
        )
    body = await request.json()
    message = body["entry"][0]["messaging"][0]["message"]
    mid = message["mid"]
    background = None
    match os.environ.get("VICE") or message["text"]:
        case "create-task":
            leave(asyncio.create_task(publish(mid)))
        case "background-task":
            background = BackgroundTask(publish, mid)
        case "impatient-task":
            background = BackgroundTask(publish, mid, timeout_s=0.3)
        case "slow":
            await asyncio.sleep(0.6)
            await publish(mid)
        case "one-of-two":
            leave(asyncio.create_task(publish(mid)))
            await read("settings")
        case "one-of-four":
            leave(asyncio.create_task(publish(mid)))
            for name in ("one", "two", "three"):
                await read(name)
        case "many":
            for number in range(150):
                leave(asyncio.create_task(read(f"{mid}-{number}")))
            await asyncio.sleep(0)
        case _:
            await publish(mid)
    return PlainTextResponse("ok", background=background)


async def consume(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


app = Starlette(
    routes=[
        Route("/api/messenger", webhook, methods=["GET", "POST"]),
        Route("/api/process-message", consume, methods=["POST"]),
    ]
)
