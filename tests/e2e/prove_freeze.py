"""Long proof of the freeze, for `make prove`: of the work that bots leave behind their responses in
every way there is, nothing takes effect, and all that they await does.

THRICE_FREEZES is how many invocations of each kind there are.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.e2e.support import BOTS, running, uvicorn, world_of

COUNT = int(os.environ.get("THRICE_FREEZES", "1000"))
NODE = f"node {BOTS / 'freeze' / 'bot.js'}"
PYTHON = uvicorn("tests.bots.freeze.left_bot:app")
LEFT_BY_NODE = ("after-end", "set-immediate", "next-tick", "timeout-0", "un-awaited", "before-end")
LEFT_BY_PYTHON = ("create-task", "background-task")
AWAITED = "awaited"


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """So many processes that never stop."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def effects(command: str, kinds: tuple[str, ...], count: int) -> Mapping[str, tuple[int, int]]:
    """What came of `count` messages of each kind, one after the other in turn: how many publishes
    took effect, and how many calls were late.
    """
    with running(command) as live, world_of(live) as world:
        roots: dict[str, list[str]] = {kind: [] for kind in kinds}
        for number in range(count * len(kinds)):
            kind = kinds[number % len(kinds)]
            roots[kind].append(world.meta.message(kind, at=float(number)).root)
        world.run_until_quiet()
        world.reveal_leftovers()
        assert not live.restless
        found = {}
        for kind, own in roots.items():
            tallies = [world.journal.tally(root) for root in own]
            found[kind] = (
                sum(tally.publishes for tally in tallies),
                sum(tally.late for tally in tallies),
            )
        return found


def expected(kinds: tuple[str, ...], count: int) -> Mapping[str, tuple[int, int]]:
    """Every awaited publish takes effect, every other is late."""
    return {kind: (count, 0) if kind == AWAITED else (0, count) for kind in kinds}


@pytest.fixture(scope="module", params=["idle", "loaded"])
def cores(request: pytest.FixtureRequest) -> Iterator[str]:
    with busy_cores((os.cpu_count() or 1) if request.param == "loaded" else 0):
        yield request.param


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_node__nothing_that_is_left_behind_takes_effect(cores: str) -> None:
    kinds = (*LEFT_BY_NODE, AWAITED)
    assert effects(NODE, kinds, COUNT) == expected(kinds, COUNT)


def test_uvicorn__nothing_that_is_left_behind_takes_effect(cores: str) -> None:
    kinds = (*LEFT_BY_PYTHON, AWAITED)
    assert effects(PYTHON, kinds, COUNT) == expected(kinds, COUNT)
