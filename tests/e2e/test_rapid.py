"""The core of the certificate over real sockets: live and simulated runs agree, step by step."""

from functools import cache

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.profile import load_profile
from tests.e2e.support import ROOT, few, uvicorn

CHECKS = (
    "ten-rapid",
    "dedup-records",
    "queue-ledger",
    "one-reply",
    "quiet-day",
    "quiet-week",
    "no-loop",
    "freeze-safe",
    "handshake",
)
BOTS = ("app", "broken.check_then_set", "broken.incident", "broken.publish_after_response")
# All are judged on fewer instances than a profile has by itself, the correct bot on as many as two
# messages that overlap need, and the one of which every request costs a process on fewest: what
# they are about does not depend on it.
INSTANCES = {
    "app": 6,
    "broken.check_then_set": 4,
    "broken.incident": 4,
    "broken.publish_after_response": 2,
}


@cache
def judged(bot: str, *, live: bool) -> Certificate:
    app = f"reference_bot.{bot}:app"
    path = ROOT / "reference_bot" / "thrice.toml"
    profile = load_profile(path, command=uvicorn(app)) if live else load_profile(path, app=app)
    return certify(few(profile, INSTANCES[bot]), root=ROOT, only=CHECKS)


def outcomes(certificate: Certificate) -> list[tuple[str, str, str, str]]:
    return [
        (verdict.check, verdict.result, verdict.expected, verdict.observed)
        for verdict in certificate.verdicts
    ]


@pytest.mark.parametrize("bot", BOTS)
def test_live__finds_what_the_simulation_finds(bot: str) -> None:
    live, simulated = judged(bot, live=True), judged(bot, live=False)
    assert outcomes(live) == outcomes(simulated)
    assert live.problems == simulated.problems == ()
    assert live.growth == simulated.growth


@pytest.mark.parametrize("bot", BOTS)
def test_live__is_deterministic(bot: str) -> None:
    (note,) = [note for note in judged(bot, live=True).notes if "serial runs" in note]
    assert note.startswith("deterministic: 5 serial runs made the same ")


def test_ten_rapid_messages__are_published_and_answered_once_each() -> None:
    certificate = judged("app", live=True)
    observed = {verdict.check: verdict.observed for verdict in certificate.verdicts}
    assert certificate.certified
    assert observed["ten-rapid"] == "10 messages, 10 publishes"
    assert observed["one-reply"] == "10 replies"
    assert observed["queue-ledger"] == "10 created, 10 delivered, 0 waiting, 0 dead"
