"""Live bots whose clock follows the world's: what they count by it is judged as in simulation."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.serverless import faketime
from harness.certify import judge, select
from harness.checks.observed import Observed
from harness.live import FOLLOWS, OWN, started
from harness.profile import Host
from harness.verdict import Verdict
from tests._needs import needs_node
from tests.e2e.limited import judged, profile_of
from tests.e2e.support import BOTS, PLAIN

CHECKS = ("rate-limit", "late-duplicate")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Verdict]:
    return judged(tmp_path_factory.mktemp("kept"), only=CHECKS)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Verdict]:
    return judged(tmp_path_factory.mktemp("broken"), only=CHECKS, bugs="no-limit forgets")


@needs_node
def test_node_bot_that_delays_what_is_too_much__passes(kept: Mapping[str, Verdict]) -> None:
    verdict = kept["rate-limit"]
    assert verdict.result == "passed"
    assert verdict.observed == "30 messages, 30 publishes, 30 replies, at most 10 in 60 s"


@needs_node
def test_node_bot_without_a_limit__fails(broken: Mapping[str, Verdict]) -> None:
    verdict = broken["rate-limit"]
    assert verdict.failed
    assert verdict.observed == "30 messages, 30 publishes, 30 replies, at most 30 in 60 s"


@needs_node
def test_node_bot_whose_records_last__passes(kept: Mapping[str, Verdict]) -> None:
    assert kept["late-duplicate"].observed == "3 messages, 3 publishes, 3 replies"
    assert kept["late-duplicate"].result == "passed"


@needs_node
def test_node_bot_whose_records_expire_too_soon__fails(broken: Mapping[str, Verdict]) -> None:
    assert broken["late-duplicate"].failed
    assert broken["late-duplicate"].observed == "3 messages, 9 publishes, 9 replies"


def test_bot_whose_clock_is_its_own__is_not_judged_by_it(tmp_path: Path) -> None:
    profile = replace(profile_of(PLAIN), host=Host(instances=1, max_instances=1))
    with started(profile, root=tmp_path, seed=1) as stage:
        assert not stage.clock_follows
        assert OWN in stage.notes
        observed = Observed(profile, {}, stage.driver, stage.clock_follows)
    (verdict,) = judge(observed, select(["rate-limit"]))
    assert verdict.result == "not applicable"
    assert verdict.why.startswith("a simulated run, or a bot whose clock follows the world's")


@needs_node
@pytest.mark.parametrize("follows", [True, False])
def test_process_that_listens__is_the_one_that_counts(tmp_path: Path, follows: bool) -> None:
    """As under npm: Node starts the bot, which is Node or is not."""
    (tmp_path / "start.cjs").write_text(
        'require("node:child_process").spawn(process.argv[2], process.argv.slice(3));\n'
    )
    bot = f"node {BOTS / 'limited.mjs'}" if follows else PLAIN
    profile = replace(profile_of(f"node start.cjs {bot}"), host=Host(instances=1, max_instances=1))
    with started(profile, root=tmp_path, seed=1) as stage:
        assert stage.clock_follows == follows
        assert (FOLLOWS if follows else OWN) in stage.notes


@pytest.mark.skipif(
    faketime.find() is None, reason="libfaketime is not installed (apt-get install libfaketime)"
)
@pytest.mark.parametrize(("flags", "follows"), [("", True), ("-I -S", False)])
def test_python_under_libfaketime__follows_where_its_sleep_works(
    tmp_path: Path, flags: str, follows: bool
) -> None:
    profile = profile_of(f"{sys.executable} {flags} {BOTS / 'plain_bot.py'} {{port}}")
    profile = replace(
        profile,
        bot=replace(profile.bot, clock="libfaketime"),
        host=Host(instances=1, max_instances=1),
    )
    with started(profile, root=tmp_path, seed=1) as stage:
        assert stage.clock_follows == follows
