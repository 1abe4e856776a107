"""The verdict matrix: the reference bot passes every check, and a broken bot fails those listed
with it; at twenty seeds in `make prove`.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.checks import CATALOGUE
from harness.profile import HostKind, load_profile
from tests._seeds import seeds

ROOT = Path(__file__).parents[2]
SEEDS = seeds(20)

# What needs a publish: it fails when there is none.
UNPUBLISHED = {
    "ten-rapid",
    "queue-ledger",
    "one-reply",
    "echo-safe",
    "late-duplicate",
    "consumer-retry",
    "cold-instances",
}

# Bot -> checks it must fail; whatever stands after the first is a true consequence of the bug.
BROKEN = {
    "check_then_set": {"ten-rapid", "queue-ledger"},
    "check_publish_set": {"ten-rapid", "queue-ledger"},
    "in_memory_dedup": {"cold-instances", "late-duplicate", "ten-rapid", "queue-ledger"},
    "queue_dedup_only": {"late-duplicate"},
    "consumer_not_idempotent": {"consumer-retry"},
    "echo_not_filtered": {"echo-safe"},
    "slow_acknowledgement": {"ack-deadline"},
    "publish_after_response": {"freeze-safe", *UNPUBLISHED},
    "background_task": {"freeze-safe", *UNPUBLISHED},
    "thread_after_response": {"freeze-safe", *UNPUBLISHED},
    "incident": {
        "ten-rapid",
        "dedup-records",
        "queue-ledger",
        "one-reply",
        "quiet-day",
        "quiet-week",
        "no-loop",
        "echo-safe",
        "late-duplicate",
        "consumer-retry",
        "cold-instances",
        "hostile-input",
    },
    "no_webhook_signature": {"webhook-signature"},
    "no_consumer_signature": {"queue-signature"},
    "trusting_parser": {"hostile-input"},
}

# On the kind of host where the bug does no harm.
HARMLESS: dict[str, HostKind] = {"background_task": "vercel"}


def judge(app: str, seed: int, host: HostKind = "lambda") -> Certificate:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", app=app)
    profile = replace(profile, host=replace(profile.host, kind=host))
    return certify(profile, root=ROOT, seed=seed)


def failed(certificate: Certificate) -> set[str]:
    assert certificate.problems == ()
    return {verdict.check for verdict in certificate.verdicts if verdict.result == "failed"}


@pytest.mark.parametrize("seed", SEEDS)
def test_reference_bot__passes_every_check(seed: int) -> None:
    certificate = judge("reference_bot.app:app", seed)
    assert failed(certificate) == set()
    assert certificate.headline == f"certified, {len(CATALOGUE)} of {len(CATALOGUE)} checks"
    assert certificate.growth is not None
    assert (certificate.growth.publishes, certificate.growth.r) == (1.0, 0.0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bot", BROKEN)
def test_broken_bot__fails_exactly_its_checks(bot: str, seed: int) -> None:
    certificate = judge(f"reference_bot.broken.{bot}:app", seed)
    assert failed(certificate) == BROKEN[bot]
    assert not certificate.certified


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("bot", "host"), HARMLESS.items())
def test_broken_bot__passes_where_its_bug_does_no_harm(bot: str, host: HostKind, seed: int) -> None:
    assert failed(judge(f"reference_bot.broken.{bot}:app", seed, host)) == set()


@pytest.mark.parametrize("bot", BROKEN)
def test_broken_bot__names_the_checks_in_its_docstring(bot: str) -> None:
    text = (ROOT / "reference_bot" / "broken" / f"{bot}.py").read_text()
    named = set(re.findall(r"[a-z][a-z0-9-]+", text.split('"""')[1]))
    assert named & set(CATALOGUE) == BROKEN[bot]


def test_incident__shows_its_cycle_and_that_it_never_ends() -> None:
    certificate = judge("reference_bot.broken.incident:app", 1)
    (loop,) = [verdict for verdict in certificate.verdicts if verdict.check == "no-loop"]
    assert loop.evidence[0].startswith(
        "cycle: /api/messenger -> /api/internal/delayed-response -> /api/messenger ("
    )
    assert certificate.growth is not None
    assert certificate.growth.r == pytest.approx(1.0)
    assert certificate.growth.cut > 0
