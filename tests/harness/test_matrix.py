"""The verdict matrix: the reference bot passes every check, and a broken bot fails those listed
with it and no others. `make prove` judges every bot by every check at twenty seeds and on both
hosts; the ordinary suite at one seed, each bot by its own checks and some of the others.
"""

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.checks import CATALOGUE
from harness.profile import HostKind, load_profile
from tests._seeds import PROVING, seeds
from tests.harness._judged import BUDGET, RACES, SEARCHES, failed, judged, switches, told

pytestmark = pytest.mark.usefixtures("files_read_once")

ROOT = Path(__file__).parents[2]
SEEDS = seeds(20)
# Of the checks that a broken bot has to pass the ordinary suite judges it by one in so many.
EVERY = 16

# What becomes of messages while the queue, or the store, is in trouble.
QUEUE_OUTAGES = {"queue-hangs", "queue-refuses", "queue-429", "queue-401"}
STORE_OUTAGES = {"store-down", "store-quota"}

# What needs a publish: it fails when there is none.
UNPUBLISHED = {
    *QUEUE_OUTAGES,
    *STORE_OUTAGES,
    "send-fails",
    "ten-rapid",
    "queue-ledger",
    "one-reply",
    "echo-safe",
    "late-duplicate",
    "consumer-retry",
    "cold-instances",
    "rate-limit",
    "breaker",
    *SEARCHES,
}
# What two copies fail that are published twice; the breaker, because the messages that release what
# it holds are then as many as what it holds.
MULTIPLIED = {"no-growth", "rate-limit", "breaker"}
# What fails when a message is published anew by whoever delivers it again.
REPEATED = {
    *QUEUE_OUTAGES,
    *STORE_OUTAGES,
    *SEARCHES,
    "send-fails",
    "late-duplicate",
    "cold-instances",
}

# Bot -> checks it must fail; whatever stands after the first is a true consequence of the bug.
BROKEN: dict[str, tuple[str, ...]] = {
    "check_then_set": ("ten-rapid", "queue-ledger", *SEARCHES, *MULTIPLIED),
    "check_publish_set": ("ten-rapid", "queue-ledger", *SEARCHES, *MULTIPLIED),
    "read_back_lock": ("race-k2", "race-k3"),
    "in_memory_dedup": (
        "cold-instances",
        "late-duplicate",
        "ten-rapid",
        "queue-ledger",
        *QUEUE_OUTAGES,
        *STORE_OUTAGES,
        *SEARCHES,
        *MULTIPLIED,
    ),
    "queue_dedup_only": ("late-duplicate",),
    "short_time_to_live": ("late-duplicate",),
    "body_hash_dedup": (
        "late-duplicate",
        "ten-rapid",
        "dedup-records",
        "queue-ledger",
        "one-reply",
        "no-growth",
        "rate-limit",
        *REPEATED,
    ),
    "sender_text_dedup": ("one-reply", "ten-rapid", "dedup-records", "queue-ledger"),
    "consumer_not_idempotent": ("consumer-retry",),
    "echo_not_filtered": ("echo-safe",),
    "slow_acknowledgement": ("ack-deadline", *QUEUE_OUTAGES, *STORE_OUTAGES),
    "publish_after_response": ("freeze-safe", *UNPUBLISHED),
    "background_task": ("freeze-safe", *UNPUBLISHED),
    "thread_after_response": ("freeze-safe", *UNPUBLISHED),
    "incident": (
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
        *SEARCHES,
        *QUEUE_OUTAGES,
        *STORE_OUTAGES,
        "send-fails",
        "hostile-input",
        "no-growth",
        "rate-limit",
        "breaker",
        "plan-budget",
    ),
    "swallowed_failure": ("fault-1", *QUEUE_OUTAGES),
    "retry_storm": ("queue-429",),
    "claim_released_on_error": ("fault-1", "instance-killed", "store-down"),
    "error_when_marking_fails": ("fault-1", *STORE_OUTAGES),
    "publishes_without_store": ("fault-1", *STORE_OUTAGES),
    "no_webhook_signature": ("webhook-signature",),
    "no_consumer_signature": ("queue-signature",),
    "trusting_parser": ("hostile-input",),
    "first_item_only": (
        "ten-rapid",
        "dedup-records",
        "queue-ledger",
        "one-reply",
        "late-duplicate",
    ),
    "per_user_burst": ("no-growth", "ten-rapid", "queue-ledger", "one-reply"),
    "no_rate_limit": ("rate-limit",),
    "limit_drops_silently": ("rate-limit",),
    "no_breaker": ("breaker",),
    "breaker_stays_open": ("breaker",),
}

# What is left of a bug on the other kind of host: there, the background task is done, but nobody is
# told when it fails.
ON_VERCEL = {"background_task": ("fault-1", *QUEUE_OUTAGES)}

# What a bot fails at some seeds only: where nothing searches, it is chance whether two copies meet
# in the one order that shows the bug.
SOMETIMES = {
    "read_back_lock": {
        "ten-rapid",
        "queue-ledger",
        *MULTIPLIED,
    },
}


def judge(
    app: str, seed: int, only: tuple[str, ...] = (), *, host: HostKind = "lambda"
) -> Certificate:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", app=app)
    profile = replace(profile, host=replace(profile.host, kind=host))
    return certify(profile, root=ROOT, seed=seed, only=only, budget=BUDGET)


def judge_broken(bot: str, seed: int, host: HostKind = "lambda") -> Certificate:
    failing = {**BROKEN, **(ON_VERCEL if host == "vercel" else {})}
    only = judged(list(failing.values()), list(failing).index(bot), every=EVERY)
    return judge(f"reference_bot.broken.{bot}:app", seed, only, host=host)


def expected(certificate: Certificate, failing: Collection[str]) -> set[str]:
    """Which of the checks that judged it have to fail."""
    return set(failing) & {verdict.check for verdict in certificate.verdicts}


@pytest.mark.parametrize("seed", SEEDS)
def test_reference_bot__passes_every_check(seed: int) -> None:
    # The ordinary suite has those that search in `test_races.py`.
    only = tuple(check for check in CATALOGUE if PROVING or check not in SEARCHES)
    certificate = judge("reference_bot.app:app", seed, only)
    assert failed(certificate) == set()
    assert len(certificate.of("passed")) == len(only)
    assert certificate.certified
    assert certificate.growth is not None
    assert (certificate.growth.publishes, certificate.growth.r) == (1.0, 0.0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bot", BROKEN)
def test_broken_bot__fails_exactly_its_checks(bot: str, seed: int) -> None:
    certificate = judge_broken(bot, seed)
    wrong = failed(certificate) - SOMETIMES.get(bot, set())
    assert wrong == expected(certificate, BROKEN[bot]), told(certificate)
    assert not certificate.certified
    # A race that takes more to see is not understood.
    for race, count in switches(certificate).items():
        assert count <= RACES[race] + 1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bot", BROKEN if PROVING else ON_VERCEL)
def test_broken_bot__fails_the_same_or_less_on_the_other_host(bot: str, seed: int) -> None:
    failing = ON_VERCEL.get(bot, BROKEN[bot])
    certificate = judge_broken(bot, seed, "vercel")
    assert failed(certificate) - SOMETIMES.get(bot, set()) == expected(certificate, failing)


@pytest.mark.parametrize("check", CATALOGUE)
def test_check__judges_broken_bots_that_pass_it_and_such_that_fail(check: str) -> None:
    judges = {
        bot: check in own
        for number, (bot, own) in enumerate(BROKEN.items())
        if check in judged(list(BROKEN.values()), number, every=EVERY)
    }
    assert list(judges.values()).count(False) >= 1
    # What fails the handshake is one of the bots in `tests/bots`.
    assert any(judges.values()) or check == "handshake"


@pytest.mark.parametrize("bot", BROKEN)
def test_broken_bot__names_the_checks_in_its_docstring(bot: str) -> None:
    text = (ROOT / "reference_bot" / "broken" / f"{bot}.py").read_text()
    named = set(re.findall(r"[a-z][a-z0-9-]+", text.split('"""')[1]))
    assert named & set(CATALOGUE) == {*BROKEN[bot], *SOMETIMES.get(bot, set())}


def test_incident__shows_its_cycle_and_that_it_never_ends() -> None:
    certificate = judge("reference_bot.broken.incident:app", 1, ("no-loop",))
    (loop,) = certificate.verdicts
    assert loop.evidence[0].startswith(
        "cycle: /api/messenger -> /api/internal/delayed-response -> /api/messenger ("
    )
    assert certificate.growth is not None
    assert certificate.growth.r == pytest.approx(1.0)
    assert certificate.growth.cut > 0
