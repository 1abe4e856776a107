"""Stubs and tokens in a whole world, asked by a bot in the simulation."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from emulator import HostProfile, Simulation, World
from emulator.stubs import Answer, Recorded, Stub

Ask = Callable[[httpx.AsyncClient], Awaitable[Any]]

CHAT = "https://api.openai.com/v1/chat/completions"
METADATA = (
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
)


def asked(
    ask: Ask, *services: Stub, timeout_s: float | None = None
) -> tuple[list[Any], list[Recorded], list[str]]:
    """What a bot that asks in its webhook got, what the stubs recorded, and the findings."""
    got: list[Any] = []

    async def webhook(request: Request) -> Response:
        async with httpx.AsyncClient(timeout=5) as client:
            started = time.time()
            try:
                answer: Any = await ask(client)
            except httpx.TransportError as error:
                answer = type(error).__name__
            got.append((answer, round(time.time() - started)))
        return PlainTextResponse("EVENT_RECEIVED")

    def app() -> Starlette:
        return Starlette(routes=[Route("/api/messenger", webhook, methods=["POST"])])

    host = HostProfile(timeout_s=timeout_s)
    with (
        Simulation(app) as simulation,
        World(simulation.connect, copies=1, services=services, host=host) as world,
    ):
        world.meta.message("hello", sender="ada")
        world.run_until_quiet(within_s=60.0)
        findings = [entry.name for entry in world.findings()]
        return got, list(world.stubs.calls), findings


async def chat(client: httpx.AsyncClient) -> object:
    answer = await client.post(CHAT, json={"model": "m"})
    return answer.status_code, answer.json()


def test_bot_gets_the_answer_after_its_latency() -> None:
    answer = Answer(status=201, body=b'{"id":1}', latency_s=3.0)
    got, calls, findings = asked(chat, Stub(host="api.openai.com", answers=(answer,)))

    assert got == [((201, {"id": 1}), 3)]
    assert [(call.method, call.url, call.status) for call in calls] == [("POST", CHAT, 201)]
    assert findings == []


@pytest.mark.parametrize(
    ("fault", "error", "after_s"),
    [
        ("refused", "ConnectError", 0),
        ("reset", "ReadError", 0),
        ("timeout", "ReadTimeout", 5),
    ],
)
def test_bot_meets_a_fault(fault: Any, error: str, after_s: int) -> None:
    got, _, findings = asked(chat, Stub(host="api.openai.com", answers=(Answer(fault=fault),)))

    assert got == [(error, after_s)]
    assert findings == []


def test_bot_without_patience_waits_until_the_function_is_cut() -> None:
    async def chat_for_ever(client: httpx.AsyncClient) -> object:
        return await client.post(CHAT, timeout=None)

    stub = Stub(host="api.openai.com", answers=(Answer(fault="timeout"),))
    got, calls, _ = asked(chat_for_ever, stub, timeout_s=10.0)

    assert got == []
    assert calls[0].status == "timeout"


def test_wildcard_never_takes_the_place_of_a_platform() -> None:
    async def store(client: httpx.AsyncClient) -> object:
        path = "https://firestore.googleapis.com/v1/projects/p/databases/(default)/documents/a/b"
        answer = await client.get(path, headers={"Authorization": "Bearer t"})
        return answer.status_code

    got, calls, _ = asked(store, Stub(host="*.googleapis.com"))

    assert got == [(404, 0)]
    assert calls == []


async def token(client: httpx.AsyncClient) -> object:
    answer = await client.get(METADATA, headers={"Metadata-Flavor": "Google"})
    return answer.json()["token_type"]


def test_tokens_are_there_for_whoever_asks() -> None:
    got, _, findings = asked(token)

    assert got == [("Bearer", 0)]
    assert findings == []


def test_tokens_can_be_replaced() -> None:
    got, calls, _ = asked(
        token, Stub(host="metadata.google.internal", answers=(Answer(fault="refused"),))
    )

    assert got == [("ConnectError", 0)]
    assert [call.host for call in calls] == ["metadata.google.internal"]
