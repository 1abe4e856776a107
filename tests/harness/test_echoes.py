"""`echo-safe` accuses only a bot that acts on what is no message to it."""

from pathlib import Path

from harness.certify import certify
from harness.profile import load_profile
from harness.verdict import Verdict

ROOT = Path(__file__).parents[2]
SILENT = """
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def webhook(request: Request) -> Response:
    return Response("EVENT_RECEIVED")


app = Starlette(routes=[Route("/api/messenger", webhook, methods=["POST"])])
"""
# Answers at once and without a queue whoever is the sender of an item that fulfils the condition.
HASTY = """
import os

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SEND = "https://graph.facebook.com/v23.0/me/messages"


async def webhook(request: Request) -> Response:
    async with httpx.AsyncClient(params={"access_token": os.environ["TOKEN"]}) as client:
        for entry in (await request.json())["entry"]:
            for item in entry.get("messaging", entry.get("standby", [])):
                if CONDITION:
                    to = {"id": item["sender"]["id"]}
                    await client.post(SEND, json={"recipient": to, "message": {"text": "hi"}})
    return Response("EVENT_RECEIVED")


app = Starlette(routes=[Route("/api/messenger", webhook, methods=["POST"])])
"""
PROFILE = """
[bot]
app = "small_bot:app"
[bot.env]
TOKEN = "{meta.page_token}"
[expect]
publishes = 0
replies = %d
"""


def verdict_on(folder: Path, code: str, replies: int) -> Verdict:
    (folder / "small_bot.py").write_text(code)
    path = folder / "thrice.toml"
    path.write_text(PROFILE % replies)
    certificate = certify(load_profile(path), root=folder, only=["echo-safe"])
    assert certificate.problems == ()
    (verdict,) = certificate.verdicts
    return verdict


def hasty(folder: Path, condition: str) -> Verdict:
    """The verdict on a bot that answers the items that fulfil the condition."""
    return verdict_on(folder, HASTY.replace("CONDITION", condition), replies=1)


def test_bot_that_only_takes_notice__passes(tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path, SILENT, replies=0)
    assert verdict.result == "passed"
    assert verdict.observed == "0 publishes and 0 sends; 3 messages, 0 publishes, 0 replies"


def test_bot_that_answers_messages_only__passes(tmp_path: Path) -> None:
    written = '"message" in item and not item["message"].get("is_echo") and "messaging" in entry'
    verdict = hasty(tmp_path, written)
    assert verdict.result == "passed"
    assert verdict.observed == "0 publishes and 0 sends; 3 messages, 0 publishes, 3 replies"


def test_bot_that_answers_its_echoes__fails_although_the_platform_refuses(tmp_path: Path) -> None:
    verdict = hasty(tmp_path, '"message" in item and "messaging" in entry')
    assert verdict.observed == "0 publishes and 4 sends; 3 messages, 0 publishes, 3 replies"
    assert verdict.evidence[0].startswith("because of an echo: send at t=")
    assert verdict.evidence[1].startswith("because of an echo of somebody else's send: send at t=")


def test_bot_that_answers_receipts__fails(tmp_path: Path) -> None:
    verdict = hasty(tmp_path, '("message" in item or "read" in item) and "messaging" in entry')
    assert "because of a read receipt: send at t=60." in "\n".join(verdict.evidence)


def test_bot_that_answers_reactions__fails(tmp_path: Path) -> None:
    verdict = hasty(tmp_path, '"reaction" in item')
    assert verdict.observed.startswith("0 publishes and 4 sends; ")
    assert verdict.evidence[0].startswith("because of a reaction: send at t=90.")


def test_bot_that_answers_for_others__fails(tmp_path: Path) -> None:
    verdict = hasty(tmp_path, '"standby" in entry')
    assert verdict.evidence[0].startswith("because of a stand-by event: send at t=120.")


def test_echo_that_is_not_filtered__is_named_as_the_cause() -> None:
    profile = load_profile(
        ROOT / "reference_bot" / "thrice.toml", app="reference_bot.broken.echo_not_filtered:app"
    )
    (verdict,) = certify(profile, root=ROOT, only=["echo-safe"]).verdicts
    assert verdict.evidence[0].startswith("because of an echo: publish at t=")
    assert verdict.observed.startswith("4 publishes and ")
