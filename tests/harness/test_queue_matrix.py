"""The verdict matrix beyond QStash: with Cloud Tasks as its queue the reference bot passes every
check, and bots whose bug shows there fail what is listed with them, and nothing else.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.checks import CATALOGUE
from harness.platforms import PlatformName
from harness.profile import load_profile
from tests._seeds import PROVING, seeds
from tests.harness._judged import BUDGET, failed

pytestmark = pytest.mark.usefixtures("files_read_once")

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "reference_bot" / "cloudtasks.toml"
SEEDS = seeds(20)

# The checks in which the kind of queue makes a difference: by these the ordinary suite judges.
OF_THE_QUEUE = (
    "ten-rapid",
    "queue-ledger",
    "one-reply",
    "quiet-day",
    "quiet-week",
    "late-duplicate",
    "consumer-retry",
    "queue-429",
    "queue-401",
    "queue-signature",
    "plan-budget",
)

# Bot -> where its bug shows, the checks that it must fail there, and some that it passes.
BROKEN_THERE: dict[str, tuple[PlatformName, tuple[str, ...], tuple[str, ...]]] = {
    "cloudtasks_unverified": ("messenger", ("queue-signature",), ("handshake",)),
    # Names of tasks are known for an hour; only WhatsApp delivers later than that.
    "queue_dedup_only": ("whatsapp", ("late-duplicate",), ("handshake",)),
    "consumer_not_idempotent": ("messenger", ("consumer-retry",), ("queue-429",)),
}


@cache
def judge(
    bot: str, only: Sequence[str], seed: int = 1, platform: PlatformName = "messenger"
) -> Certificate:
    profile = load_profile(PROFILE, app=f"reference_bot.{bot}:create_app(http)")
    env = {**profile.bot.env, "WHATSAPP_TOKEN": "{whatsapp.token}"}
    profile = replace(profile, bot=replace(profile.bot, platforms=(platform,), env=env))
    return certify(profile, root=ROOT, seed=seed, only=only, budget=BUDGET)


@pytest.mark.parametrize("seed", SEEDS)
def test_reference_bot__passes_every_check(seed: int) -> None:
    only = tuple(CATALOGUE) if PROVING else OF_THE_QUEUE
    certificate = judge("app", only, seed)
    assert failed(certificate) == set()
    assert len(certificate.of("passed")) == len(only)
    assert certificate.metrics.publish_success == 1.0


@pytest.mark.parametrize("bot", BROKEN_THERE)
def test_broken_bot__fails_its_checks(bot: str) -> None:
    platform, failing, passing = BROKEN_THERE[bot]
    only = tuple(CATALOGUE) if PROVING else (*failing, *passing)
    certificate = judge(f"broken.{bot}", only, 1, platform)
    assert failed(certificate) == set(failing)


def test_queue_dedup_only__passes_where_nobody_comes_later_than_an_hour() -> None:
    assert failed(judge("broken.queue_dedup_only", ("late-duplicate",))) == set()


def test_late_duplicate__says_how_long_names_are_known() -> None:
    certificate = judge("broken.queue_dedup_only", ("late-duplicate", "handshake"), 1, "whatsapp")
    (verdict,) = (verdict for verdict in certificate.verdicts if verdict.failed)
    assert verdict.evidence[-1] == (
        "the queue forgets the name of a task an hour after it ended, or a day; "
        "look for a record of the message in a store before you publish"
    )


def test_forged__each_is_named() -> None:
    certificate = judge("broken.cloudtasks_unverified", ("queue-signature", "handshake"))
    (verdict,) = (verdict for verdict in certificate.verdicts if verdict.failed)
    assert [line.partition(":")[0] for line in verdict.evidence] == [
        "signed with a made-up key",
        "with a token that says it needs no signature",
        "signed with the public key as if it were a secret",
        "with an expired token",
        "with the token of another issuer",
    ]


def test_unverified__names_its_check_in_its_docstring() -> None:
    text = (ROOT / "reference_bot" / "broken" / "cloudtasks_unverified.py").read_text()
    named = set(re.findall(r"[a-z][a-z0-9-]+", text.split('"""')[1]))
    assert named & set(CATALOGUE) == {"queue-signature"}
