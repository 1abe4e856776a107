"""Bots of other people's making: plain Node with the queue's own SDK, and Flask on gunicorn."""

import shutil
import sys
from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.profile import load_profile
from tests.e2e.support import BOTS, ROOT
from tests.e2e.test_rapid import CHECKS

NODE = f"node {BOTS / 'node' / 'bot.js'}"
GUNICORN = (
    f"{sys.executable} -m gunicorn --chdir {BOTS} --no-control-socket --bind 127.0.0.1:{{port}} "
    "gunicorn_bot:app"
)

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


def judged(command: str) -> Certificate:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", command=command)
    return certify(profile, root=ROOT, only=CHECKS)


def failed(certificate: Certificate) -> set[str]:
    return {verdict.check for verdict in certificate.verdicts if verdict.failed}


@needs_node
def test_sdk_for_node__is_installed() -> None:
    sdk = BOTS / "node" / "node_modules" / "@upstash" / "qstash"
    assert Path(sdk).is_dir(), "make setup installs it"


@needs_node
def test_node_bot__is_certified() -> None:
    certificate = judged(NODE)
    assert certificate.certified, certificate.output
    assert any(note.startswith("deterministic: ") for note in certificate.notes)


@needs_node
def test_node_bot_that_does_not_await_its_publish__is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BUG", "unawaited")
    certificate = judged(NODE)
    assert {"ten-rapid", "freeze-safe"} <= failed(certificate)


def test_gunicorn_bot__is_certified() -> None:
    certificate = judged(GUNICORN)
    assert certificate.certified, certificate.output
    assert any(note.startswith("deterministic: ") for note in certificate.notes)


def test_gunicorn_bot_that_checks_and_then_sets__is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BUG", "check-then-set")
    assert {"ten-rapid", "queue-ledger"} <= failed(judged(GUNICORN))
