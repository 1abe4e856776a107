"""The bot in plain Node with Google Cloud Tasks as its queue, live, with Google's own libraries;
`prove_cloudtasks.py` has all of it.
"""

from dataclasses import replace
from typing import Any

from harness.certificate import Certificate
from harness.certify import certify
from harness.profile import load_profile
from tests._needs import needs_packages
from tests.e2e.support import BOTS

BOT = BOTS / "node"


def judged(*only: str, instances: int = 1) -> Certificate:
    """Its certificate, with so many instances."""
    profile = load_profile(BOT / "tasks.toml")
    host: Any = replace(profile.host, instances=instances, max_instances=instances + 1)
    return certify(replace(profile, host=host), root=BOT, only=only)


@needs_packages(BOT)
def test_bot__is_certified() -> None:
    certificate = judged("queue-signature")
    assert certificate.certified, certificate.output
    assert certificate.metrics.publish_success == 1.0
