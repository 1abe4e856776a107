"""The checks on what comes again: what they say of a bot that falls for it, and what they leave
alone.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.certify import certify
from harness.profile import Profile, load_profile
from harness.scenarios.cold_instances import PARTITIONS
from harness.verdict import Verdict

ROOT = Path(__file__).parents[2]
FASTAPI_BOT = ROOT / "tests" / "bots" / "fastapi_bot.py"
FASTAPI_PROFILE = """
[bot]
app = "{module}:app"
webhook = "/hooks/facebook"
consumer = "/jobs/answer"
public_url = "https://shop.example.org"

[bot.env]
APP_SECRET = "{{meta.app_secret}}"
VERIFY = "{{meta.verify_token}}"
PAGE_TOKEN = "{{meta.page_token}}"
QSTASH_TOKEN = "{{qstash.token}}"
KEY_NOW = "{{qstash.current_key}}"
KEY_NEXT = "{{qstash.next_key}}"

[host]
instances = {instances}
max_instances = {max_instances}
"""
# The place of the bot's look into the store, and of its note there.
LOOK = """    if await exists(document):
        return Response("answered before")
"""
NOTE = """    with suppress(httpx.HTTPError):
        await client.patch(document, headers=google, json={})
"""


def broken(bot: str) -> Profile:
    return load_profile(
        ROOT / "reference_bot" / "thrice.toml", app=f"reference_bot.broken.{bot}:app"
    )


def verdict_on(profile: Profile, check: str, root: Path = ROOT) -> Verdict:
    (verdict,) = certify(profile, root=root, seed=1, only=[check]).verdicts
    return verdict


def fastapi_bot(
    folder: Path, *edits: tuple[str, str], instances: int = 4, max_instances: int = 100
) -> Profile:
    """The bot with some text in the place of other text."""
    code = FASTAPI_BOT.read_text()
    for old, new in edits:
        assert code.count(old) == 1
        code = code.replace(old, new)
    (folder / "changed_bot.py").write_text(code)
    path = folder / "thrice.toml"
    path.write_text(
        FASTAPI_PROFILE.format(
            module="changed_bot", instances=instances, max_instances=max_instances
        )
    )
    return load_profile(path)


def test_late_duplicate__shows_when_and_why() -> None:
    verdict = verdict_on(broken("queue_dedup_only"), "late-duplicate")
    assert verdict.expected == "3 messages, 3 publishes, 3 replies"
    assert verdict.observed == "3 messages, 9 publishes, 3 replies"
    assert "was published 3 times: t=0." in verdict.evidence[0]
    assert verdict.evidence[3] == (
        "the queue forgets a deduplication id after 10 minutes; "
        "look for a record of the message in a store before you publish"
    )
    assert len(verdict.entries) == 9


def test_consumer_retry__of_a_lost_answer() -> None:
    verdict = verdict_on(broken("consumer_not_idempotent"), "consumer-retry")
    assert verdict.run == "lost answer"
    assert verdict.observed == "2 messages, 2 publishes, 4 replies"
    assert verdict.evidence[-1] == (
        "the queue delivers at least once: note in a store that a message was answered, "
        "and look there before you send"
    )


def test_consumer_retry__of_a_note_that_lasts_a_minute(tmp_path: Path) -> None:
    look = """    found = await client.get(document, headers=google)
    if "fields" in found.json() and time() - found.json()["fields"]["at"]["doubleValue"] < 50:
        return Response("answered before")
"""
    note = """    note = {"fields": {"at": {"doubleValue": time()}}}
    await client.patch(document, headers=google, json=note)
"""
    profile = fastapi_bot(
        tmp_path, (LOOK, look), (NOTE, note), ("import os\n", "import os\nfrom time import time\n")
    )
    verdict = verdict_on(profile, "consumer-retry", tmp_path)
    assert verdict.run == "delivered again"
    assert verdict.observed == "2 messages, 2 publishes, 6 replies"


def test_consumer_retry__of_a_note_before_the_reply_loses_what_dies(tmp_path: Path) -> None:
    claim = """    claimed = await client.patch(
        document,
        headers=google,
        params={"currentDocument.exists": "false"},
        json={},
    )
    if not claimed.is_success:
        return Response("answered before")
"""
    verdict = verdict_on(
        fastapi_bot(tmp_path, (LOOK, claim), (NOTE, "")), "consumer-retry", tmp_path
    )
    assert verdict.run == "killed"
    assert verdict.observed == "2 messages, 2 publishes, 0 replies"
    assert verdict.evidence[-1] == "an attempt that died must not keep the next one from answering"


def test_consumer_retry__needs_a_queue() -> None:
    profile = broken("consumer_not_idempotent")
    profile = replace(profile, expect=replace(profile.expect, publishes=0))
    assert verdict_on(profile, "consumer-retry").why == (
        "[expect] publishes above 0: the bot uses no queue"
    )


def test_cold_instances__memory_serves_only_copies_on_one_instance() -> None:
    verdict = verdict_on(broken("in_memory_dedup"), "cold-instances")
    wrong = [line.partition('"hello ')[2][:3] for line in verdict.evidence if "published" in line]
    assert PARTITIONS[0] == "aaa"
    assert wrong == list(PARTITIONS[1:])
    assert verdict.observed == "5 messages, 10 publishes, 5 replies"
    assert "u1 was handled on i0, i2, which share no memory" in verdict.evidence


@pytest.mark.parametrize("check", ["late-duplicate", "consumer-retry", "cold-instances"])
def test_bot_on_a_host_of_one_instance__is_judged_too(check: str, tmp_path: Path) -> None:
    profile = fastapi_bot(tmp_path, instances=1, max_instances=1)
    assert verdict_on(profile, check, tmp_path).result == "passed"


def test_bot_of_another_shape__passes(tmp_path: Path) -> None:
    shutil.copy(FASTAPI_BOT, tmp_path / "fastapi_bot.py")
    checks = ["echo-safe", "late-duplicate", "consumer-retry", "cold-instances", "ack-deadline"]
    certificate = certify(fastapi_bot(tmp_path), root=tmp_path, seed=5, only=checks)
    assert [verdict.result for verdict in certificate.verdicts] == ["passed"] * 5
