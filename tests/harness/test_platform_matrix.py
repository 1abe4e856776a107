"""The verdict matrix beyond Messenger: the reference bot passes every check on each platform, and
bots whose bug shows on one of them alone fail there what is listed with them, and nothing else.
"""

import re
from functools import cache
from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.checks import CATALOGUE
from harness.platforms import PLATFORMS, PlatformName
from harness.profile import load_profile
from tests._seeds import PROVING, seeds
from tests.harness._judged import BUDGET, SEARCHES, failed, judged
from tests.harness.test_matrix import QUEUE_OUTAGES, STORE_OUTAGES

pytestmark = pytest.mark.usefixtures("files_read_once")

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "reference_bot" / "everywhere.toml"
SEEDS = seeds(20)
# Of the checks that a broken bot has to pass the ordinary suite judges it by one in so many.
EVERY = 12

# The checks whose scenarios or rules differ from platform to platform: by these the ordinary suite
# judges the reference bot.
OF_THE_PLATFORM = (
    "ten-rapid",
    "dedup-records",
    "queue-ledger",
    "one-reply",
    "quiet-day",
    "quiet-week",
    "no-loop",
    "echo-safe",
    "late-duplicate",
    "ack-deadline",
    "send-fails",
    "handshake",
    "webhook-signature",
    "hostile-input",
    "breaker",
)

# Whatever the bot sends comes back to it and is taken for a message.
ANSWERS_ITSELF = (
    "echo-safe",
    "ten-rapid",
    "dedup-records",
    "queue-ledger",
    "no-growth",
    "no-loop",
    "late-duplicate",
    "consumer-retry",
    "cold-instances",
    "send-fails",
    "rate-limit",
    *SEARCHES,
    *QUEUE_OUTAGES,
    *STORE_OUTAGES,
)

# Bot -> where its bug shows, and the checks that it must fail there; whatever stands after the
# first is a true consequence.
BROKEN_THERE: dict[str, tuple[PlatformName, tuple[str, ...]]] = {
    "instagram_echo_answered": ("instagram", ANSWERS_ITSELF),
    "whatsapp_accepted_202": ("whatsapp", ("ack-deadline", "quiet-day", "quiet-week")),
    "whatsapp_status_answered": (
        "whatsapp",
        (*ANSWERS_ITSELF, "one-reply", "quiet-day", "quiet-week", "breaker", "plan-budget"),
    ),
    "whatsapp_day_long_records": ("whatsapp", ("late-duplicate",)),
    "body_hash_dedup": ("whatsapp", ("late-duplicate",)),
}
_TABLE = [checks for _, checks in BROKEN_THERE.values()]


@cache
def judge(app: str, platform: PlatformName, only: tuple[str, ...], seed: int = 1) -> Certificate:
    profile = load_profile(PROFILE, app=app)
    return certify(profile, root=ROOT, seed=seed, only=only, budget=BUDGET, platforms=[platform])


def app_of(bot: str) -> str:
    # Through httpx, as the bots of the other matrix are, it would take four times as long.
    return f"reference_bot.broken.{bot}:create_app(http)"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("platform", PLATFORMS[1:])
def test_reference_bot__passes_every_check(platform: PlatformName, seed: int) -> None:
    only = tuple(CATALOGUE) if PROVING else OF_THE_PLATFORM
    certificate = judge("reference_bot.app:create_app(http)", platform, only, seed)
    assert failed(certificate) == set()
    assert len(certificate.of("passed")) == len(only)
    assert certificate.certified
    assert certificate.growth is not None
    assert (certificate.growth.publishes, certificate.growth.r) == (1.0, 0.0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bot", BROKEN_THERE)
def test_broken_bot__fails_exactly_its_checks_there(bot: str, seed: int) -> None:
    platform, failing = BROKEN_THERE[bot]
    chosen = judged(_TABLE, list(BROKEN_THERE).index(bot), every=EVERY)
    # What searches orders of calls knows no platforms; `make prove` has it all the same.
    only = tuple(check for check in chosen if PROVING or check not in SEARCHES)
    certificate = judge(app_of(bot), platform, only, seed)
    assert failed(certificate) == set(failing) & set(only)
    assert not certificate.certified


@pytest.mark.parametrize(
    ("bot", "elsewhere"),
    [
        ("instagram_echo_answered", "whatsapp"),
        ("whatsapp_accepted_202", "messenger"),
        ("whatsapp_status_answered", "instagram"),
        ("whatsapp_day_long_records", "instagram"),
    ],
)
def test_broken_bot__passes_the_check_that_shows_its_bug_elsewhere(
    bot: str, elsewhere: PlatformName
) -> None:
    certificate = judge(app_of(bot), elsewhere, BROKEN_THERE[bot][1][:1])
    assert failed(certificate) == set()
    assert certificate.certified


@pytest.mark.parametrize("bot", [bot for bot in BROKEN_THERE if bot != "body_hash_dedup"])
def test_broken_bot__names_platform_and_checks_in_its_docstring(bot: str) -> None:
    platform, failing = BROKEN_THERE[bot]
    text = (ROOT / "reference_bot" / "broken" / f"{bot}.py").read_text().split('"""')[1]
    named = set(re.findall(r"[a-z][a-z0-9-]+", text.partition("Must fail: ")[2]))
    assert named & set(CATALOGUE) == set(failing)
    where = text.partition("Must fail: on ")[2].partition(",")[0].split()[0]
    assert where.lower() == platform
