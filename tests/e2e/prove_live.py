"""Long proofs of the live driver, for `make prove`: at every seed, on idle and on loaded cores,
live runs find what simulated ones find.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.profile import load_profile
from tests.e2e.support import ROOT, uvicorn
from tests.e2e.test_rapid import BOTS, CHECKS, outcomes

SEEDS = range(1, 11)
PATH = ROOT / "reference_bot" / "thrice.toml"


@pytest.fixture(scope="module", params=["idle", "loaded"])
def cores(request: pytest.FixtureRequest) -> Iterator[str]:
    """As they are, or with a process on each that never stops."""
    count = (os.cpu_count() or 1) if request.param == "loaded" else 0
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    yield request.param
    for process in spinning:
        process.kill()
        process.wait()


@cache
def simulated(bot: str, seed: int) -> Certificate:
    profile = load_profile(PATH, app=f"reference_bot.{bot}:app")
    return certify(profile, root=ROOT, seed=seed, only=CHECKS)


@pytest.mark.parametrize("bot", BOTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_live__finds_what_the_simulation_finds(cores: str, bot: str, seed: int) -> None:
    profile = load_profile(PATH, command=uvicorn(f"reference_bot.{bot}:app"))
    live = certify(profile, root=ROOT, seed=seed, only=CHECKS)
    assert outcomes(live) == outcomes(simulated(bot, seed))
    assert live.problems == ()
    assert any(note.startswith("deterministic: ") for note in live.notes)
