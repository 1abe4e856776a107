"""Limits that a live bot counts on its clock are judged alike time after time: THRICE_PROVE_TIMES
runs each (10), which take minutes. Python bots under libfaketime are judged as in simulation.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.serverless import faketime
from harness.certify import certify
from harness.profile import load_profile
from tests._needs import needs_node
from tests.e2e.limited import judged
from tests.e2e.support import ROOT, uvicorn
from tests.e2e.test_rapid import outcomes

PATH = ROOT / "reference_bot" / "thrice.toml"
PYTHON_BOTS = (
    "app",
    "broken.no_rate_limit",
    "broken.limit_drops_silently",
    "broken.no_breaker",
    "broken.breaker_stays_open",
    "broken.short_time_to_live",
)
TIMES = range(int(os.environ.get("THRICE_PROVE_TIMES", "10")))


@needs_node
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(
    ("bugs", "result", "observed"),
    [
        ("", "passed", "at most 10 in 60 s"),
        ("no-limit", "failed", "at most 30 in 60 s"),
        ("calendar-minute", "failed", "at most 20 in 60 s"),
    ],
)
def test_rate_limit(tmp_path: Path, time: int, bugs: str, result: str, observed: str) -> None:
    verdict = judged(tmp_path, only=["rate-limit"], bugs=bugs)["rate-limit"]
    assert (verdict.result, verdict.observed) == (
        result,
        f"30 messages, 30 publishes, 30 replies, {observed}",
    )


@needs_node
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(
    ("bugs", "result", "most"), [("", "passed", 60), ("no-breaker", "failed", 65)]
)
def test_breaker(tmp_path: Path, time: int, bugs: str, result: str, most: int) -> None:
    verdict = judged(tmp_path, only=["breaker"], bugs=bugs)["breaker"]
    assert (verdict.result, verdict.observed) == (
        result,
        f"70 messages, at most {most} publishes in an hour, 0 not answered in time",
    )


@pytest.mark.skipif(
    faketime.find() is None, reason="libfaketime is not installed (apt-get install libfaketime)"
)
@pytest.mark.parametrize("bot", PYTHON_BOTS)
def test_python_under_libfaketime__is_judged_as_in_simulation(bot: str) -> None:
    checks = ("rate-limit", "breaker", "late-duplicate")
    app = f"reference_bot.{bot}:app"
    profile = load_profile(PATH, command=uvicorn(app))
    profile = replace(profile, bot=replace(profile.bot, clock="libfaketime"))
    live = certify(profile, root=ROOT, only=checks)
    simulated = certify(load_profile(PATH, app=app), root=ROOT, only=checks)
    assert outcomes(live) == outcomes(simulated)
    assert not any(verdict.result == "not applicable" for verdict in live.verdicts)
