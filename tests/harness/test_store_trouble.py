"""What bots make of an Upstash store whose month ends in a burst, or whose reads are behind."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import Simulation, World
from emulator.qstash.service import DEFAULT_TOKEN
from emulator.upstash import ORIGIN, TOKEN
from harness.profile import Store, load_profile
from harness.stage import staged

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "reference_bot" / "upstash.toml"
MINUTE_S = 60.0
QUEUE = "https://qstash.upstash.io/v2/publish/https://my-bot.example.com/api/process-message"


def bot(claims: bool) -> Callable[..., Any]:
    """A bot that publishes what is not in the store yet: it claims a message in one command, or it
    looks and then writes. It keeps no sync token.
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError("no lifespan")
        body = (await receive())["body"]
        if scope["path"] == "/api/messenger":
            key = "seen:" + json.loads(body)["entry"][0]["messaging"][0]["message"]["mid"]
            async with httpx.AsyncClient() as client:
                if await is_new(client, key):
                    headers = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}
                    await client.post(QUEUE, headers=headers, content=body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def is_new(client: httpx.AsyncClient, key: str) -> bool:
        if claims:
            return bool(await ask(client, "SET", key, "1", "NX") == "OK")
        if await ask(client, "GET", key) is not None:
            return False
        await ask(client, "SET", key, "1")
        return True

    async def ask(client: httpx.AsyncClient, *words: str) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return (await client.post(ORIGIN, headers=headers, json=words)).json()["result"]

    return app


def publishes(*, claims: bool, behind: int) -> int:
    """How often a message is published whose three copies come a minute apart, when reads see
    nothing of the last writes.
    """
    with (
        Simulation(lambda: bot(claims)) as simulation,
        World(simulation.connect, seed=1, copies=1) as world,
    ):
        world.upstash.lag_behind(behind)
        message = world.meta.message("hello", at=0.0)
        for copy in (1, 2):
            world.meta.repeat(message, at=copy * MINUTE_S)
        world.run_until(10 * MINUTE_S)
        return world.journal.counts["publish"]


def test_bot_that_claims_in_one_command__does_not_mind_reads_that_are_behind() -> None:
    assert publishes(claims=True, behind=5) == 1


@pytest.mark.parametrize(("behind", "published"), [(0, 1), (1, 2), (5, 3)])
def test_bot_that_looks_and_then_writes__publishes_again_though_nothing_overlaps(
    behind: int, published: int
) -> None:
    assert publishes(claims=False, behind=behind) == published


def test_month_that_ends_in_a_burst__is_told_to_the_platform_and_loses_nothing_silently() -> None:
    near = Store(kind="upstash", dedup="processedMessages/", commands_used=499_970)
    profile = replace(load_profile(PROFILE), store=near)
    with staged(profile, root=ROOT, seed=1) as stage, stage.world(copies=1) as world:
        for number in range(10):
            world.meta.message(f"message {number}", sender="ada", at=0.1 * number)
        world.run_until(30.0)
        taken, refused = acknowledged(world, 200), acknowledged(world, 503)
        published = {root for entry in world.journal.entries("publish") for root in entry.roots}
    assert taken
    assert refused
    # Whoever was told 200 is with the queue; the platform delivers the others again.
    assert taken == published
    assert 499_995 < world.upstash.meter.used <= 500_000


def acknowledged(world: World, status: int) -> set[str]:
    """The user messages whose webhook was answered so."""
    return {
        root
        for entry in world.journal.entries("response")
        if entry.detail["status"] == status and ".q" not in entry.name
        for root in entry.roots
    }
