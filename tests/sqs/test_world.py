"""SQS in a whole world, asked by a bot in the simulation: polls pass the gate, and what a batch
causes is told apart by user.
"""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from emulator import Simulation, World
from emulator.meta.credentials import Credentials
from emulator.sqs import ORIGIN, QUEUE_URL
from tests.sqs.support import asking

Handle = Callable[[httpx.AsyncClient, Any], Awaitable[object]]
TOKEN = {"access_token": Credentials().page_token}
GRAPH = "https://graph.facebook.com/v23.0/me/messages"


async def call(client: httpx.AsyncClient, action: str, **fields: object) -> Any:
    request = asking(action, QUEUE_URL, **fields)
    answer = await client.post(
        ORIGIN + "/", headers=dict(request.headers), content=request.body, timeout=30
    )
    return answer.json()


def app(on_webhook: Handle, on_event: Handle) -> Callable[[], Starlette]:
    def endpoint(handle: Handle) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            async with httpx.AsyncClient() as client:
                returned = await handle(client, json.loads(await request.body()))
            return PlainTextResponse("OK") if returned is None else JSONResponse(returned)

        return answer

    return lambda: Starlette(
        routes=[
            Route("/api/messenger", endpoint(on_webhook), methods=["POST"]),
            Route("/events", endpoint(on_event), methods=["POST"]),
        ]
    )


async def nothing(client: httpx.AsyncClient, body: Any) -> None:
    """Is never called."""


def test_poll__waits_on_the_worlds_clock() -> None:
    waited: list[tuple[int, int]] = []

    async def webhook(client: httpx.AsyncClient, body: Any) -> None:
        await call(client, "SendMessage", MessageBody="late", DelaySeconds=2)
        for wait_s in (20, 2):
            started = time.time()
            found = await call(client, "ReceiveMessage", WaitTimeSeconds=wait_s)
            waited.append((round(time.time() - started), len(found.get("Messages", []))))

    with (
        Simulation(app(webhook, nothing)) as simulation,
        World(simulation.connect, copies=1, queue="sqs") as world,
    ):
        world.meta.message("hello", sender="ada")
        world.run_until_quiet()
    assert waited == [(2, 1), (2, 0)]


def test_batch__of_two_users_is_told_apart() -> None:
    async def webhook(client: httpx.AsyncClient, body: Any) -> None:
        await call(client, "SendMessage", MessageBody=json.dumps(body["entry"][0]["messaging"][0]))

    async def event(client: httpx.AsyncClient, body: Any) -> object:
        for record in body["Records"]:
            sent = json.loads(record["body"])
            reply = {"recipient": sent["sender"], "message": {"text": "hi"}}
            await client.post(GRAPH, params=TOKEN, json=reply)
        return {}

    with (
        Simulation(app(webhook, event)) as simulation,
        World(simulation.connect, copies=1, queue="sqs") as world,
    ):
        world.sqs.map("thrice", "https://my-bot.example.com/events", window_s=5)
        messages = [world.meta.message("hello", sender=name) for name in ("ada", "bob")]
        world.run_until_quiet()
        assert [one.name for one in world.findings()] == []
        tallies = [world.journal.tally(message.root) for message in messages]
        queued = [
            one.roots for one in world.journal.entries("delivery") if one.detail["kind"] == "queue"
        ]
    assert len(queued) == 1
    assert len(queued[0]) == 2
    assert [(tally.publishes, tally.replies) for tally in tallies] == [(1, 1), (1, 1)]
