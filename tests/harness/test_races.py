"""The checks that search: what they find is small, is shown as a table, and can be replayed; what
is right passes, and says how much was tried.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.certificate import Certificate
from harness.certify import certify
from harness.explore.budget import BUDGETS
from harness.profile import load_profile

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "reference_bot" / "thrice.toml"
CHECKS = ("race-k2", "race-k3", "fault-1", "instance-killed")

FICKLE = """
import itertools, random, httpx
ROOT = "https://firestore.googleapis.com/v1/projects/p/databases/(default)/documents/notes/"
calls = itertools.count()
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    await receive()
    async with httpx.AsyncClient() as client:
        await client.get(ROOT + "first")
        if next(calls) % 3 == 1:
            await client.get(ROOT + "second")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
"""


def certified(bot: str, *only: str, budget: str = "quick", seed: int = 1) -> Certificate:
    profile = load_profile(PROFILE, app=f"reference_bot.{bot}:app")
    sized = next(known for name, known in BUDGETS.items() if name == budget)
    return certify(profile, root=ROOT, seed=seed, only=only, budget=sized)


@pytest.fixture(scope="module")
def reference() -> Certificate:
    return certified("app", *CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_reference_bot__passes(reference: Certificate, check: str) -> None:
    (verdict,) = [one for one in reference.verdicts if one.check == check]
    assert verdict.result == "passed", verdict


def test_verdict__says_how_much_was_tried(reference: Certificate) -> None:
    observed = {verdict.check: verdict.observed for verdict in reference.verdicts}
    assert observed["race-k2"].startswith("0 failures in ")
    assert "classes of orders" in observed["race-k2"]
    assert observed["instance-killed"].startswith("22 deaths, ")


def test_unavoidable_reply__is_noted(reference: Certificate) -> None:
    (verdict,) = [one for one in reference.verdicts if one.check == "instance-killed"]
    assert verdict.notes == (
        "2 replies, with killed on a call: where it can not know, the bot would rather repeat a "
        "reply than lose it",
    )


def test_race__is_shown_as_a_table_with_a_column_for_each_delivery() -> None:
    certificate = certified("broken.check_publish_set", "race-k2")
    (verdict,) = certificate.verdicts
    assert verdict.result == "failed"
    assert verdict.observed == "published twice: 2 publishes, 1 reply to one message"
    setting, names, titles, *rows, left, way_out, repeated = verdict.evidence
    assert setting == "2 copies of one webhook, each on an instance of its own:"
    assert names.split() == ["step", "u0.w0", "u0.w1"]
    assert titles.split("  ")[-1].strip() == "webhook, copy 2"
    calls = [row.split()[1] for row in rows if row.strip()[0].isdigit()]
    assert calls == ["reads", "writes", "publish"] * 2
    assert left.startswith("the contract is broken here, ")
    assert way_out.startswith("the way out: claim a message in one step")
    assert repeated == "run three more times, each with the same end"


def test_fault__is_named_and_kept() -> None:
    certificate = certified("broken.swallowed_failure", "fault-1")
    (verdict,) = certificate.verdicts
    assert verdict.result == "failed"
    assert verdict.observed == "lost: 0 publishes, 0 replies to one message"
    assert verdict.evidence[0] == "one webhook; at step 3 a fault: refused, not done:"
    assert verdict.run == "copies on a, fail-before on call 2 of u0.w0"


def test_replay__follows_the_schedule_that_was_found(tmp_path: Path) -> None:
    def thrice(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=tmp_path,
            env={"PATH": "", "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            timeout=120,
        )

    run = thrice(
        "certify", "--app", "reference_bot.broken.check_then_set:app", "--profile", str(PROFILE),
        "--only", "race-k3", "--budget", "quick",
    )  # fmt: skip
    assert run.returncode == 1, run.stderr
    trace = tmp_path / ".thrice" / "race-k3-1.json"
    assert json.loads(trace.read_text())["run"].startswith("copies on ")
    again = thrice("replay", str(trace.relative_to(tmp_path)))
    assert again.returncode == 1, again.stderr
    assert again.stdout.rstrip().endswith("race-k3 FAILED again, the same run")


def test_bot_that_differs_from_run_to_run__is_only_sampled(tmp_path: Path) -> None:
    (tmp_path / "fickle_bot.py").write_text(FICKLE)
    file = tmp_path / "thrice.toml"
    file.write_text('[bot]\napp = "fickle_bot:app"\n[expect]\npublishes = 0\nreplies = 0\n')
    certificate = certify(
        load_profile(file), root=tmp_path, only=["race-k2"], budget=BUDGETS["quick"]
    )
    (verdict,) = certificate.verdicts
    assert verdict.result == "passed"
    assert verdict.evidence[0] == (
        "not deterministic: serial run 2 of 5 made other calls than the first, so orders are drawn "
        "at random only"
    )
    assert "classes" not in verdict.observed


def test_deep_budget__tries_more_than_the_quick_one() -> None:
    quick, deep = BUDGETS["quick"], BUDGETS["deep"]
    assert quick.most < BUDGETS["standard"].most < deep.most
    assert deep.faults == 2
    assert deep.live == deep
    assert BUDGETS["standard"].live.preemptions == 1


def test_time_limit__ends_the_search_and_claims_no_more_than_was_done() -> None:
    profile = load_profile(PROFILE, app="reference_bot.app:app")
    certificate = certify(
        profile, root=ROOT, only=["race-k2"], budget=BUDGETS["quick"], time_limit_s=0
    )
    (verdict,) = certificate.verdicts
    assert verdict.evidence[1:] == (
        "copies on aa: unfinished after 0 executions without failure: nothing is known of the "
        "other orders",
        "copies on ab: unfinished after 0 executions without failure: nothing is known of the "
        "other orders",
        "0 random schedules of 2 copies",
    )
