"""`hostile-input` knows every kind of item of a platform, and makes small what a bot breaks on."""

import json
from pathlib import Path

import pytest

from harness.certify import certify
from harness.profile import load_profile
from harness.verdict import Verdict

# Takes nothing but what PARSES knows to read; for the rest it is as well-behaved as can be.
BOT = """
import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def mapping(value):
    return value if isinstance(value, dict) else {}


def mappings(value):
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


async def webhook(request: Request) -> Response:
    try:
        body = mapping(json.loads(await request.body()))
    except (ValueError, RecursionError):
        return Response(status_code=400)
    for entry in mappings(body.get("entry")):
        PARSES
    return Response("EVENT_RECEIVED")


app = Starlette(routes=[Route("/api/messenger", webhook, methods=["POST"])])
"""
PROFILE = """
[bot]
app = "small_bot:app"
platforms = ["{platform}"]
[bot.env]
[expect]
publishes = 0
replies = 0
"""
# Takes each message of WhatsApp for a text, a picture or something without content.
BRITTLE_WHATSAPP = """
        for change in mappings(entry.get("changes")):
            for item in mappings(mapping(change.get("value")).get("messages")):
                if item.get("type") == "reaction":
                    print(item["reaction"]["emoji"])
"""
# Is told of a mid in every item that has a sender.
BRITTLE_INSTAGRAM = """
        for item in mappings(entry.get("messaging")):
            if "message_edit" in item:
                print(item["message_edit"]["mid"].upper())
"""


def verdict_on(folder: Path, platform: str, parses: str) -> Verdict:
    (folder / "small_bot.py").write_text(BOT.replace("        PARSES\n", parses.lstrip("\n")))
    path = folder / "thrice.toml"
    path.write_text(PROFILE.format(platform=platform))
    certificate = certify(load_profile(path), root=folder, only=["hostile-input"])
    assert certificate.problems == ()
    (verdict,) = certificate.verdicts
    return verdict


@pytest.mark.parametrize("platform", ["messenger", "instagram", "whatsapp"])
def test_bot_that_only_takes_notice__passes(tmp_path: Path, platform: str) -> None:
    assert verdict_on(tmp_path, platform, "        pass\n").result == "passed"


def test_genuine_item_of_a_rare_kind__is_found(tmp_path: Path) -> None:
    # Somebody takes a reaction back: the emoji is not there.
    verdict = verdict_on(tmp_path, "whatsapp", BRITTLE_WHATSAPP)
    assert verdict.observed == "failures at webhook"
    assert "a genuine unreaction" in "\n".join(verdict.evidence)
    assert "KeyError: 'emoji'" in verdict.evidence[0]


def test_altered_item_of_a_rare_kind__is_shrunk_to_that_item_and_one_part(tmp_path: Path) -> None:
    verdict = verdict_on(tmp_path, "instagram", BRITTLE_INSTAGRAM)
    (exhibit,) = verdict.exhibits
    assert exhibit.what == "webhook, events of other kinds"
    (entry,) = json.loads(exhibit.body)["entry"]
    (item,) = entry["messaging"]
    assert "message_edit" in item
    assert exhibit.error
