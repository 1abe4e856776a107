"""A bot whose work is a workflow of the vendor's Python SDK, in a simulated world."""

import json
import time
from datetime import timedelta
from typing import Any

from qstash import AsyncQStash, Receiver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from upstash_workflow import AsyncWorkflowContext, async_serve  # type: ignore[import-untyped]
from upstash_workflow.workflow_types import _AsyncRequest  # type: ignore[import-untyped]

from emulator import Simulation, World
from emulator.qstash.service import DEFAULT_CURRENT_KEY, DEFAULT_NEXT_KEY, DEFAULT_TOKEN
from emulator.world import PUBLIC_URL

FLOW = PUBLIC_URL + "/api/workflow"
LATER_S = timedelta(days=2).total_seconds()


def bot(notes: list[Any], *, broken: bool = False) -> Starlette:
    """It hands each message to the workflow, which notes what it does."""

    async def webhook(request: Request) -> Response:
        event = (await request.json())["entry"][0]["messaging"][0]
        client = AsyncQStash(DEFAULT_TOKEN, retry=False)
        await client.message.publish_json(url=FLOW, body={"mid": event["message"]["mid"]})
        return PlainTextResponse("EVENT_RECEIVED")

    async def flow(context: AsyncWorkflowContext[Any]) -> None:
        async def first() -> str:
            if broken:
                raise RuntimeError("it broke")
            notes.append(("first", round(time.time())))
            return "one"

        async def last() -> None:
            notes.append(("last", round(time.time()), answered.status, answered.body))

        one = await context.run("first", first)
        await context.sleep("an hour", 3_600)
        await context.sleep_until("later", time.time() + LATER_S)
        answered = await context.call(
            "call", url=PUBLIC_URL + "/api/shout", method="POST", body={"say": one}
        )
        await context.run("last", last)

    async def failed(
        context: AsyncWorkflowContext[Any], status: int, error: str, headers: dict[str, str]
    ) -> None:
        notes.append(("failed", status, error, sorted(context.request_payload)))

    async def workflow(request: Request) -> Response:
        handler: Any = async_serve(
            flow,
            qstash_client=AsyncQStash(DEFAULT_TOKEN, retry=False),
            receiver=Receiver(DEFAULT_CURRENT_KEY, DEFAULT_NEXT_KEY),
            url=FLOW,
            retries=1,
            failure_function=failed,
        )["handler"]
        told = await handler(
            _AsyncRequest(await request.body(), request.headers, method="POST", url=FLOW)
        )
        return Response(told.body, status_code=told.status, headers=told.headers)

    async def shout(request: Request) -> Response:
        said = (await request.json())["say"]
        return Response(json.dumps({"loud": said.upper()}), media_type="application/json")

    return Starlette(
        routes=[
            Route("/api/messenger", webhook, methods=["POST"]),
            Route("/api/workflow", workflow, methods=["POST"]),
            Route("/api/shout", shout, methods=["POST"]),
        ]
    )


def run(notes: list[Any], **settings: bool) -> World:
    with (
        Simulation(lambda: bot(notes, **settings)) as simulation,
        World(simulation.connect, copies=1) as world,
    ):
        world.meta.message("hello", sender="ada")
        assert world.run_until_quiet()
        return world


def test_run__takes_its_days_in_virtual_time() -> None:
    notes: list[Any] = []
    world = run(notes)

    (first, began), last = notes
    assert first == "first"
    assert last == ("last", round(began + 3_600 + LATER_S), 200, {"loud": "ONE"})
    assert world.findings() == []
    assert world.qstash.dead_letters() == []
    assert [run.state.value for run in world.qstash.engine.runs.latest()] == ["RUN_SUCCESS"]


def test_failure_function__is_told() -> None:
    notes: list[Any] = []
    world = run(notes, broken=True)

    assert notes == [("failed", 500, "it broke", ["mid"])]
    assert len(world.qstash.dead_letters(source="workflow")) == 1
