"""The verdict matrix: the reference bot passes every check, and a broken bot fails those listed
with it, at twenty seeds.
"""

import re
from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.checks import CATALOGUE
from harness.profile import load_profile

ROOT = Path(__file__).parents[2]
SEEDS = range(1, 21)

# Bot -> checks it must fail; whatever stands after the first is a true consequence of the bug.
BROKEN = {
    "check_then_set": {"ten-rapid", "queue-ledger"},
    "publish_after_response": {"ten-rapid", "queue-ledger", "one-reply", "freeze-safe"},
    "incident": {
        "ten-rapid",
        "dedup-records",
        "queue-ledger",
        "one-reply",
        "quiet-day",
        "quiet-week",
        "no-loop",
    },
}


def judge(app: str, seed: int) -> Certificate:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", app=app)
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
