"""A folder of somebody who uses the plugin: a bot, its profile, a test, and a run of pytest."""

import importlib
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[3]
PLUGIN = "harness.pytest_plugin"
# Runs in this process drop what they import; these must stay one and the same.
PRELOADED = [
    importlib.import_module(name)
    for name in (
        "harness.certify",
        "harness.report",
        "harness.report.evidence",
        "harness.plan",
        "pytest_asyncio",
    )
]

BOT = """
import json
import os

import httpx

QUEUE = "https://qstash.upstash.io/v2/publish/https://my-bot.example.com/work"
GRAPH = "https://graph.facebook.com/v23.0/me/messages"


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    async with httpx.AsyncClient() as client:
        if scope["path"] == "/hook":
            await enqueue(client, json.loads(body))
        else:
            await answer(client, json.loads(body))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def enqueue(client, notice):
    for entry in notice["entry"]:
        for item in entry["messaging"]:
            job = {"to": item["sender"]["id"], "text": item["message"]["text"]}
            headers = {"Authorization": "Bearer " + os.environ["QSTASH_TOKEN"]}
            if os.environ["DEDUP"] == "yes":
                headers["Upstash-Deduplication-Id"] = item["message"]["mid"]
            await client.post(QUEUE, json=job, headers=headers)


async def answer(client, job):
    await client.post(
        GRAPH,
        params={"access_token": os.environ["PAGE_TOKEN"]},
        json={"recipient": {"id": job["to"]}, "message": {"text": "re: " + job["text"]}},
    )
"""

PROFILE = """
[bot]
app = "bot:app"
webhook = "/hook"
consumer = "/work"

[bot.env]
QSTASH_TOKEN = "{qstash.token}"
PAGE_TOKEN = "{meta.page_token}"
DEDUP = "yes"
"""


def write(folder: pytest.Pytester, name: str, text: str) -> None:
    folder.path.joinpath(f"{name}.py").write_text(dedent(text))


def change(folder: pytest.Pytester, file: str, old: str, new: str) -> None:
    path = folder.path / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def run(folder: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    """Run a user's test file in this process."""
    write(folder, "test_user", text)
    return folder.runpytest_inprocess("-p", PLUGIN, "--strict-markers", *options)


def with_telemetry(folder: pytest.Pytester) -> None:
    change(
        folder,
        "bot.py",
        "async def answer(client, job):\n",
        "async def answer(client, job):\n"
        "    try:\n"
        "        await client.get('https://telemetry.example.net/ping')\n"
        "    except httpx.HTTPError:\n"
        "        pass\n",
    )


WRITES = """
    def test_it(world):
        world.meta.message("hello")
        world.run_until_quiet()
        assert world.meta.sent_count == 1
"""
