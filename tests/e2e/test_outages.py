"""Services in trouble over real sockets: what can be judged live is, and the rest is named."""

from harness.certificate import Certificate
from harness.certify import certify
from harness.profile import load_profile
from tests.e2e.support import ROOT, few, uvicorn


def judged(bot: str, *checks: str) -> Certificate:
    command = uvicorn(f"reference_bot.{bot}:app")
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", command=command)
    return certify(few(profile), root=ROOT, only=checks)


def test_store_that_is_down__is_survived_and_waiting_in_vain_is_left_out() -> None:
    certificate = judged("app", "store-down", "queue-hangs")
    verdicts = {verdict.check: verdict for verdict in certificate.verdicts}
    assert verdicts["store-down"].result == "passed"
    assert verdicts["store-down"].run == "writes unanswered"
    assert verdicts["queue-hangs"].result == "not applicable"
    assert "store-down: judged without a bot that waits for an answer in vain (silent)" in (
        certificate.notes
    )


def test_failure_that_was_swallowed__is_found_live() -> None:
    (verdict,) = judged("broken.swallowed_failure", "queue-refuses").verdicts
    assert verdict.observed.startswith("4 messages, 2 publishes, 2 replies; ")
