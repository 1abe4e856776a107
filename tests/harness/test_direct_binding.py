"""The same verdicts through the direct binding as through httpx and respx on threads: whatever a
bot does, both journals agree, entry for entry. In `make prove` in every run of every scenario.
"""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulator import Simulation
from emulator.errors import BotImportError, DirectBindingError
from emulator.journal import Entry
from emulator.serverless.client import DirectClient
from harness.certify import certify
from harness.checks import CATALOGUE
from harness.errors import ProfileError
from harness.profile import Profile, load_profile
from harness.scenarios.scenario import Scenario
from harness.stage import staged
from harness.verdict import Verdict
from reference_bot.client import new_client
from tests._seeds import seeds

ROOT = Path(__file__).parents[2]
SEEDS = seeds(5)
THOROUGH = "THRICE_PROVE" in os.environ

BROKEN = ROOT / "reference_bot" / "broken"
THREADED = "thread_after_response"
FEW = ("background_task", "check_then_set", "incident", "in_memory_dedup", "retry_storm")


def bots() -> dict[str, str]:
    """Every bot that can be given its client, with the check that its bug is about, which is the
    first that its docstring names; a few of them in the ordinary suite.
    """
    found = {"reference_bot.app": "ten-rapid"}
    for file in sorted(BROKEN.glob("[a-z]*.py")):
        if file.stem != THREADED and (THOROUGH or file.stem in FEW):
            named = re.search(r"Must fail: ([a-z0-9-]+)", file.read_text())
            assert named is not None
            # That of others shows on one platform only, which is not this one.
            if named[1] in CATALOGUE:
                found[f"reference_bot.broken.{file.stem}"] = named[1]
    return found


@pytest.fixture(autouse=True)
def as_patient_as_the_bots_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the client that bots are given wait as long as the one that they make themselves."""
    client = Simulation.client

    def patient(self: Simulation) -> DirectClient:
        return client(self, timeout=new_client().timeout)

    monkeypatch.setattr(Simulation, "client", patient)


def profile_of(app: str) -> Profile:
    # Bugs that show with one kind of queue only have its name before theirs.
    kind = app.rpartition(".")[2].partition("_")[0]
    file = f"{kind}.toml" if kind in ("cloudtasks", "sqs") else "thrice.toml"
    return load_profile(ROOT / "reference_bot" / file, app=app)


def scenarios(check: str) -> list[Scenario]:
    """Those to play: the check's own; all of them for a proof."""
    of_all = {each.scenario.id: each.scenario for each in CATALOGUE.values()}
    return [*of_all.values()] if THOROUGH else [CATALOGUE[check].scenario]


def without_traceback(entry: Entry) -> Any:
    """An entry apart from the frames of what the bot raised: those of the libraries differ."""
    detail = {key: value for key, value in entry.detail.items() if key != "traceback"}
    return entry._replace(detail=detail)


def seen(app: str, check: str, seed: int) -> tuple[list[Any], list[Verdict]]:
    """Every journal, and what every check makes of these runs."""
    profile = profile_of(app)
    journals: list[Any] = []
    verdicts: list[Verdict] = []
    with staged(profile, root=ROOT, seed=seed) as stage:
        for scenario in scenarios(check):
            names = scenario.runs if THOROUGH else scenario.runs[:1]
            runs = [scenario.play(stage, name) for name in names]
            journals += [
                (name, run.record.choices, [*map(without_traceback, run.record.entries)])
                for name, run in zip(names, runs, strict=True)
            ]
            verdicts += [
                replace(judge.judge(profile, runs), evidence=())
                for judge in CATALOGUE.values()
                if judge.scenario is scenario and judge.needs(profile) is None
            ]
    return journals, verdicts


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("bot", "check"), bots().items())
def test_bot__does_the_same_and_gets_the_same_verdicts(bot: str, check: str, seed: int) -> None:
    by_respx, by_respx_verdicts = seen(f"{bot}:app", check, seed)
    direct, direct_verdicts = seen(f"{bot}:create_app(http)", check, seed)
    assert direct == by_respx
    assert direct_verdicts == by_respx_verdicts
    (own,) = [verdict for verdict in direct_verdicts if verdict.check == check]
    # Some bugs show in a later run only; the matrix holds that each does in one.
    assert own.failed == (bot != "reference_bot.app") or not THOROUGH


def test_bot_that_leaves_work_to_a_thread__is_refused() -> None:
    profile = profile_of(f"reference_bot.broken.{THREADED}:create_app(http)")
    with pytest.raises(
        DirectBindingError,
        match=r"^the bot starts a thread, Thread-\d+ \(_publish\) \(thread_after_response\.py, "
        r"line \d+\) while it handled u0\.w\d \(/api/messenger\), but the direct binding has ",
    ):
        certify(profile, root=ROOT, only=["ten-rapid"])


def test_profile__takes_one_keyword_for_the_client() -> None:
    assert profile_of("mybot.main:make.app(http)").bot.app == "mybot.main:make.app(http)"
    with pytest.raises(
        ProfileError, match=r'^--app: "a:b\(c, d\)" is not of the form module:attribute\n'
    ):
        profile_of("a:b(c, d)")


def test_factory_that_takes_no_such_keyword__is_named() -> None:
    profile = profile_of("reference_bot.app:create_app(client)")
    with pytest.raises(
        BotImportError,
        match=r"^reference_bot\.app:create_app\(client\) can not be imported: TypeError: "
        r"create_app\(\) got an unexpected keyword argument 'client'$",
    ):
        certify(profile, root=ROOT, only=["handshake"])
