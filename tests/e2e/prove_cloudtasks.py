"""The bot in plain Node with Firestore and Google Cloud Tasks, judged by every check; and what is
found in its naive variant, with the read and the write named.
"""

import pytest

from tests._needs import needs_packages
from tests.e2e.test_cloudtasks_bots import BOT, judged

pytestmark = needs_packages(BOT)


def test_bot__is_certified_by_every_check() -> None:
    certificate = judged(instances=4)
    assert certificate.certified, certificate.output
    lacking = {verdict.check for verdict in certificate.of("not applicable")}
    assert lacking == {"queue-hangs", "rate-limit", "breaker"}


def test_bot_that_checks_and_then_sets__is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUG", "check-then-set")
    certificate = judged("ten-rapid", "race-k2", instances=4)
    verdicts = {verdict.check: verdict for verdict in certificate.verdicts}
    assert all(verdict.failed for verdict in verdicts.values())
    table = "\n".join(verdicts["race-k2"].evidence)
    assert "reads m_" in table
    assert "publish -> accepted" in table
