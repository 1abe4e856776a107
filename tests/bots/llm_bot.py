"""The answer comes from an LLM. It takes seconds, so the queue's delivery waits for it,
not the webhook; what was said before is kept with the message's record.

BUG=task: the webhook starts a task that asks the model and answers, and returns at once.
"""

import asyncio
import hashlib
import hmac
import os
from contextlib import suppress
from typing import Any

import httpx
from qstash import AsyncQStash, Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

BUG = os.environ.get("BUG", "")
REPLY = os.environ["PUBLIC_URL"] + "/reply"
TURNS = (
    f"https://firestore.googleapis.com/v1/projects/{os.environ['FIRESTORE_PROJECT']}"
    "/databases/(default)/documents/turns"
)
GOOGLE = {"Authorization": f"Bearer {os.environ['FIRESTORE_TOKEN']}"}
OPENAI = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
PAGE = {"Authorization": f"Bearer {os.environ['FB_PAGE_TOKEN']}"}

http = httpx.AsyncClient(timeout=60)  # for the model; the others are given four seconds
queue = AsyncQStash(os.environ["QSTASH_TOKEN"], retry=False)
tasks: set[asyncio.Task[None]] = set()


async def webhook(request: Request) -> Response:
    body = await request.body()
    mac = hmac.new(os.environ["FB_APP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(request.headers.get("x-hub-signature-256", ""), "sha256=" + mac):
        return PlainTextResponse("wrong signature", 403)
    payload = await read(request)
    for item in (item for entry in rows(payload, "entry") for item in rows(entry, "messaging")):
        match item:
            case {"message": {"is_echo": True}}:
                continue
            case {"sender": {"id": str(sender)}, "message": {"mid": str(mid), "text": str(text)}}:
                await take(sender, mid, text)
    return PlainTextResponse("EVENT_RECEIVED")


async def read(request: Request) -> Any:
    try:
        return await request.json()
    except (ValueError, RecursionError):
        return None


def rows(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


async def take(sender: str, mid: str, text: str) -> None:
    if await recall(mid) is not None:
        return
    if BUG == "task":
        await save(mid, {"asked": text})
        task = asyncio.create_task(answer(sender, mid, text))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return
    job = {"sender": sender, "mid": mid, "text": text}
    async with asyncio.timeout(4):
        await queue.message.publish_json(url=REPLY, body=job, deduplication_id=mid, timeout="60s")
    await save(mid, {"asked": text})


async def answer(sender: str, mid: str, text: str) -> None:
    asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
    completion = await http.post(
        "https://api.openai.com/v1/chat/completions", headers=OPENAI, json=asked
    )
    completion.raise_for_status()
    said = completion.json()["choices"][0]["message"]["content"]
    reply = {"recipient": {"id": sender}, "message": {"text": said}}
    sent = await http.post("https://graph.facebook.com/v23.0/me/messages", headers=PAGE, json=reply)
    sent.raise_for_status()
    # An error now would have the reply sent again.
    with suppress(httpx.HTTPError):
        await save(mid, {"said": said})


async def recall(mid: str) -> dict[str, Any] | None:
    """The message's record, None when there is none yet."""
    turn = await http.get(f"{TURNS}/{mid}", headers=GOOGLE, timeout=4)
    if turn.status_code == 404:
        return None
    turn.raise_for_status()
    fields: dict[str, Any] = turn.json().get("fields", {})
    return fields


async def save(mid: str, turn: dict[str, str]) -> None:
    """Merge into the message's record, whoever comes first."""
    fields = {key: {"stringValue": value} for key, value in turn.items()}
    saved = await http.patch(
        f"{TURNS}/{mid}",
        params=[("updateMask.fieldPaths", key) for key in turn],
        headers=GOOGLE,
        json={"fields": fields},
        timeout=4,
    )
    saved.raise_for_status()


async def reply(request: Request) -> Response:
    keys = os.environ["QSTASH_CURRENT_SIGNING_KEY"], os.environ["QSTASH_NEXT_SIGNING_KEY"]
    try:
        body = (await request.body()).decode()
        Receiver(*keys).verify(signature=request.headers["upstash-signature"], body=body, url=REPLY)
    except Exception:  # no token, no text, or no good token
        return PlainTextResponse("wrong token", 401)
    match await read(request):
        case {"sender": str(sender), "mid": str(mid), "text": str(text)}:
            turn = await recall(mid) or {}
        case _:
            return PlainTextResponse("no job", 400)
    if "said" not in turn:
        await answer(sender, mid, text)
    return PlainTextResponse("answered")


async def verify(request: Request) -> Response:
    query = request.query_params
    if query.get("hub.verify_token") != os.environ["FB_VERIFY_TOKEN"]:
        return PlainTextResponse("wrong token", 403)
    return PlainTextResponse(query["hub.challenge"])


app = Starlette(
    routes=[
        Route("/webhook", verify, methods=["GET"]),
        Route("/webhook", webhook, methods=["POST"]),
        Route("/reply", reply, methods=["POST"]),
    ]
)
