"""For `make prove`: the reference bot is certified live on every platform, by every check that a
live run has, and bots whose bug shows on one platform are refused there.
"""

import pytest

from harness.certify import certify
from harness.explore.budget import BUDGETS
from harness.platforms import PLATFORMS
from harness.profile import load_profile
from tests.e2e.support import ROOT, uvicorn
from tests.harness.test_platform_matrix import BROKEN_THERE

PATH = ROOT / "reference_bot" / "everywhere.toml"
QUICK = BUDGETS["quick"]


def test_reference_bot__is_certified_live_on_every_platform() -> None:
    profile = load_profile(PATH, command=uvicorn("reference_bot.app:app"))
    live = certify(profile, root=ROOT, budget=QUICK)
    assert live.certified, live.headline
    assert live.problems == ()
    judged = {verdict.platform for verdict in live.judged}
    assert judged == {*PLATFORMS, ""}


@pytest.mark.parametrize("bot", ["instagram_echo_answered", "whatsapp_accepted_202"])
def test_broken_bot__is_refused_live_on_its_platform(bot: str) -> None:
    platform, failing = BROKEN_THERE[bot]
    profile = load_profile(PATH, command=uvicorn(f"reference_bot.broken.{bot}:app"))
    live = certify(profile, root=ROOT, only=failing[:1], platforms=[platform])
    assert [verdict.title for verdict in live.failures] == [f"{failing[0]} on {platform}"]
