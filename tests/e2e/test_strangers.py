"""A bot of other people's making: Flask on gunicorn."""

import sys

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.profile import load_profile
from tests.e2e.support import BOTS, ROOT, few
from tests.e2e.test_rapid import CHECKS

GUNICORN = (
    f"{sys.executable} -m gunicorn --chdir {BOTS} --no-control-socket --bind 127.0.0.1:{{port}} "
    "gunicorn_bot:app"
)


def judged(command: str) -> Certificate:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", command=command)
    return certify(few(profile), root=ROOT, only=CHECKS)


def failed(certificate: Certificate) -> set[str]:
    return {verdict.check for verdict in certificate.verdicts if verdict.failed}


def test_gunicorn_bot__is_certified() -> None:
    certificate = judged(GUNICORN)
    assert certificate.certified, certificate.output
    assert any(note.startswith("deterministic: ") for note in certificate.notes)


def test_gunicorn_bot_that_checks_and_then_sets__is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BUG", "check-then-set")
    assert {"ten-rapid", "queue-ledger"} <= failed(judged(GUNICORN))
