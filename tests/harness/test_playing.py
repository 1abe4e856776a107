"""Sharing the scenarios of a certification among processes: nothing about it can be seen."""

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.errors import BotDiedError
from harness import playing
from harness.certificate import Certificate
from harness.certify import certify
from harness.checks.observed import Observed
from harness.deadline import Deadline
from harness.explore.budget import BUDGETS
from harness.identity import Identity
from harness.profile import Profile, load_profile
from harness.verdict import Verdict

ROOT = Path(__file__).parents[2]
EVERYWHERE = ROOT / "reference_bot" / "everywhere.toml"
# Of the folder, in which other tests may just then be at work.
IDENTITY = Identity(digest="", files=0)
BROKEN = "reference_bot.broken.check_then_set:app"


def bot(folder: Path, line: str) -> Profile:
    """A bot that does this for each of its requests."""
    (folder / "bot.py").write_text(
        f"""
import os

async def app(scope, receive, send):
    if scope["type"] == "http":
        {line}
"""
    )
    (folder / "thrice.toml").write_text('[bot]\napp = "bot:app"\n')
    return load_profile(None, start=folder)


def test_two_processes__give_the_certificate_that_one_gives() -> None:
    # One that fails and one that passes, on each of two platforms.
    only = ["echo-safe", "ten-rapid"]
    told: list[str] = []

    def of(jobs: int) -> tuple[Certificate, list[Observed]]:
        failed: list[Observed] = []

        def keep(verdict: Verdict, observed: Observed) -> str:
            failed.append(observed)
            return f"{verdict.check} on {observed.platform}"

        certificate = certify(
            load_profile(EVERYWHERE, app=BROKEN),
            root=ROOT,
            only=only,
            jobs=jobs,
            platforms=["messenger", "whatsapp"],
            save_trace=keep,
            progress=told.append,
        )
        # What is logged in this process goes to pytest.
        return replace(certificate, source=IDENTITY, output=()), failed

    alone = of(1)
    assert len(alone[1]) == 2
    del told[:]
    assert of(2) == alone
    assert told[:2] == [
        "messenger: ten rapid messages in three copies each (0 of 4 done)",
        "whatsapp: ten rapid messages in three copies each (0 of 4 done)",
    ]


def test_bot_that_ends_its_process__is_refused_with_what_happened(tmp_path: Path) -> None:
    only = ["handshake", "ten-rapid"]
    with pytest.raises(BotDiedError) as caught:
        certify(bot(tmp_path, "os._exit(4)"), root=tmp_path, only=only, jobs=2)
    assert str(caught.value) == (
        "the process in which the bot was simulated ended with code 4: the bot ended it, or the "
        "system did, for want of memory (--jobs 1 needs less)"
    )
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("only", "jobs", "processes"),
    [
        (["handshake", "echo-safe"], None, 1),
        (["race-k2", "race-k3", "fault-1"], None, 2),
        (["handshake", "echo-safe"], 8, 2),
        (["handshake"], 2, 1),
    ],
)
def test_processes__are_no_more_than_are_worth_it(
    only: list[str], jobs: int | None, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hired(Exception):
        """So many were asked for."""

    def hire(make: object, jobs: int, *, what: str) -> None:
        raise Hired(jobs)

    monkeypatch.setattr(playing, "hired", hire)
    monkeypatch.setattr(playing, "default_jobs", lambda: 4)
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml")
    if processes == 1:
        assert certify(profile, root=ROOT, only=only, jobs=jobs).certified
    else:
        with pytest.raises(Hired, match=f"^{processes}$"):
            certify(profile, root=ROOT, only=only, jobs=jobs)


def test_deadline__passes_by_the_real_clock_while_a_simulation_has_frozen_the_bots() -> None:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml")
    budget = BUDGETS["quick"]
    (verdict,) = certify(
        profile, root=ROOT, only=["race-k2"], budget=budget, time_limit_s=600
    ).verdicts
    (whole,) = certify(profile, root=ROOT, only=["race-k2"], budget=budget).verdicts
    assert verdict == whole
    assert not Deadline()()
    assert Deadline(Deadline.now() - 1)()
