"""The verdict matrix with SQS: the reference bot passes every check but the one that is not about
this queue, and bots whose bug shows there fail what is listed with them.
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
from harness.errors import ProfileError
from harness.profile import Queue, load_profile
from harness.stage import services_of, variables
from tests._seeds import PROVING, seeds
from tests.harness._judged import BUDGET, failed

pytestmark = pytest.mark.usefixtures("files_read_once")

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "reference_bot" / "sqs.toml"
SEEDS = seeds(20)
NOT_SIGNED = "queue-signature"

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
    "rate-limit",
    "plan-budget",
)
# Bot -> the checks that it must fail with SQS, and some that it passes.
BROKEN_THERE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "sqs_outlasts_visibility": (("one-reply", "queue-ledger"), ("ten-rapid",)),
    "queue_dedup_only": (("late-duplicate",), ("handshake",)),
}


@cache
def judge(bot: str, only: Sequence[str], seed: int = 1, visibility_s: int = 60) -> Certificate:
    profile = load_profile(PROFILE, app=f"reference_bot.{bot}:create_app(http)")
    profile = replace(profile, queue=replace(profile.queue, visibility_s=visibility_s))
    return certify(profile, root=ROOT, seed=seed, only=only, budget=BUDGET)


@pytest.mark.parametrize("seed", SEEDS)
def test_reference_bot__passes_every_check(seed: int) -> None:
    only = tuple(CATALOGUE) if PROVING else OF_THE_QUEUE
    certificate = judge("app", only, seed)
    assert failed(certificate) == set()
    assert len(certificate.of("passed")) == len(set(only) - {NOT_SIGNED})
    assert certificate.metrics.publish_success == 1.0


@pytest.mark.parametrize("bot", BROKEN_THERE)
def test_broken_bot__fails_its_checks(bot: str) -> None:
    failing, passing = BROKEN_THERE[bot]
    assert failed(judge(f"broken.{bot}", (*failing, *passing))) == set(failing)


def test_slow_bot__passes_where_the_queue_hides_its_messages_for_longer() -> None:
    bot = "broken.sqs_outlasts_visibility"
    assert failed(judge(bot, ("one-reply", "queue-ledger", "ten-rapid"), 1, 120)) == set()


def test_late_duplicate__says_how_long_ids_are_known() -> None:
    certificate = judge("broken.queue_dedup_only", ("late-duplicate", "handshake"))
    (verdict,) = (verdict for verdict in certificate.verdicts if verdict.failed)
    assert verdict.evidence[-1] == (
        "the queue forgets a deduplication id after 5 minutes; "
        "look for a record of the message in a store before you publish"
    )


def test_queue_signature__is_not_judged_and_says_why() -> None:
    (verdict,) = (
        verdict
        for verdict in judge("app", (NOT_SIGNED, "handshake")).verdicts
        if verdict.check == NOT_SIGNED
    )
    assert verdict.result == "not applicable"
    assert verdict.why == (
        "a queue that signs its deliveries: an event of SQS carries no signature, and whoever may "
        "invoke the function is believed"
    )


def test_outlasts_visibility__names_its_checks_in_its_docstring() -> None:
    text = (ROOT / "reference_bot" / "broken" / "sqs_outlasts_visibility.py").read_text()
    named = set(re.findall(r"[a-z][a-z0-9-]+", text.split('"""')[1]))
    assert named & set(CATALOGUE) == {"one-reply", "queue-ledger"}


# -- the profile -----------------------------------------------------------------------------------


def test_settings__are_those_of_this_kind(tmp_path: Path) -> None:
    path = tmp_path / "thrice.toml"
    path.write_text("[bot]\napp = 'a:b'\n[queue]\nkind = 'sqs'\nmax_receives = 3\n")
    profile = load_profile(path, start=tmp_path)
    assert profile.queue == Queue(kind="sqs", visibility_s=30, max_receives=3)
    assert profile.bot.env["SQS_QUEUE_URL"] == "{sqs.fifo_url}"
    assert not [text for text in profile.bot.env.values() if "{qstash." in text]


@pytest.mark.parametrize("key", ["visibility_s", "max_receives"])
def test_settings__are_of_no_use_for_others(tmp_path: Path, key: str) -> None:
    path = tmp_path / "thrice.toml"
    path.write_text(f"[bot]\napp = 'a:b'\n[queue]\n{key} = 3\n")
    with pytest.raises(ProfileError) as caught:
        load_profile(path, start=tmp_path)
    assert str(caught.value) == (
        f'{path}: [queue] {key}: is of no use for "qstash", which has no such setting\n'
        '  for example: kind = "sqs"'
    )


def test_variables__lead_to_the_queues() -> None:
    profile = load_profile(PROFILE)
    given = variables(profile)
    assert given["sqs.queue_url"] == "https://sqs.us-east-1.amazonaws.com/123456789012/thrice"
    assert given["sqs.fifo_url"] == given["sqs.queue_url"] + ".fifo"
    assert given["sqs.url"] in services_of(profile)
    led = variables(profile, {given["sqs.url"]: "http://127.0.0.1:8080"})
    assert led["sqs.queue_url"] == "http://127.0.0.1:8080/123456789012/thrice"
