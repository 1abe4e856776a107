"""A world as a system to explore: what is a choice in it, and what an execution is judged by."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from emulator.schedule import DivergedError, Fifo, Replay
from harness.explore.complete import SleepSets
from harness.explore.faults import FAIL_AFTER, FAIL_BEFORE, KILLED, Fault
from harness.explore.jobs import run_search
from harness.explore.lockstep import Lockstep
from harness.explore.scene import Scene
from harness.explore.search import Search
from harness.explore.serial import Serial
from harness.explore.team import RaceMaker
from harness.explore.worlds import DOUBLE_PUBLISH, DOUBLE_REPLY, LOST, Race, Seen
from harness.profile import load_profile
from harness.stage import Stage, simulated

ROOT = Path(__file__).parents[2]

# Writes its name, waits a moment so that another one's write would have come, and looks whose it
# is: right only as long as no write takes longer than that.
WAITING_LOCK = """
import asyncio, os, uuid, httpx
DOCUMENT = "https://firestore.googleapis.com/v1/projects/p/databases/(default)/documents/locks/one"
PUBLISH = "https://qstash.upstash.io/v2/publish/https://my-bot.example.com/api/process-message"
client = httpx.AsyncClient(headers={"Authorization": "Bearer " + os.environ["TOKEN"]})
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    await receive()
    if scope["path"] == "/api/messenger":
        owner = uuid.uuid4().hex
        fields = {"fields": {"owner": {"stringValue": owner}}}
        if (await client.get(DOCUMENT)).status_code == 404:
            await client.patch(DOCUMENT, json=fields)
            await asyncio.sleep(WAIT_S)
            if (await client.get(DOCUMENT)).json().get("fields") == fields["fields"]:
                await client.post(PUBLISH, json={})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
"""

# Has something to do every half second while it waits for an answer, five seconds at most.
TICKING = """
import asyncio, os, httpx
PUBLISH = "https://qstash.upstash.io/v2/publish/https://my-bot.example.com/api/process-message"
headers = {"Authorization": "Bearer " + os.environ["TOKEN"]}
async def tick():
    while True:
        await asyncio.sleep(0.5)
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    await receive()
    if scope["path"] == "/api/messenger":
        ticker = asyncio.create_task(tick())
        async with httpx.AsyncClient(headers=headers, timeout=5) as client:
            await client.post(PUBLISH, json={})
        ticker.cancel()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
"""

LOCK_PROFILE = """
[bot]
app = "lock_bot:app"
[bot.env]
TOKEN = "{qstash.token}"
[expect]
replies = 0
"""


@contextmanager
def staged_bot(bot: str) -> Iterator[Stage]:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", app=f"reference_bot.{bot}:app")
    with simulated(profile, root=ROOT, seed=1) as stage:
        yield stage


def staged_lock(folder: Path, wait_s: float) -> AbstractContextManager[Stage]:
    return staged_source(folder, WAITING_LOCK.replace("WAIT_S", str(wait_s)))


@contextmanager
def staged_source(folder: Path, source: str) -> Iterator[Stage]:
    (folder / "lock_bot.py").write_text(source)
    file = folder / "thrice.toml"
    file.write_text(LOCK_PROFILE)
    with simulated(load_profile(file), root=folder, seed=1) as stage:
        yield stage


def seen(stage: Stage, scene: Scene) -> tuple[Seen, tuple[str, ...]]:
    execution = Race(stage, scene).execute(Serial())
    assert isinstance(execution.evidence, Seen)
    return execution.evidence, execution.violations


def test_same_choices__give_the_same_execution() -> None:
    with staged_bot("app") as stage:
        race = Race(stage, Scene("ab"))
        one, other = race.execute(Lockstep()), race.execute(Lockstep())
    assert one.names == other.names
    assert [move.signature for move in one.moves] == [move.signature for move in other.moves]


def test_exchange__leaves_out_classes_and_no_verdict() -> None:
    with staged_bot("broken.check_publish_set") as stage:
        search = Search(policy=SleepSets())
        all_of_them, _ = search.run(Race(stage, Scene("ab"), exchange=False), limit=60)
        fewer, _ = search.run(Race(stage, Scene("ab")), limit=60)
    assert fewer.failure is not None
    assert set(fewer.broken) == set(all_of_them.broken) == {DOUBLE_PUBLISH}


def test_copies_of_one_instance__are_served_one_after_the_other() -> None:
    with staged_bot("broken.in_memory_dedup") as stage:
        together, _ = Search(policy=SleepSets()).run(Race(stage, Scene("aa")))
        apart, _ = Search(policy=SleepSets(), until_bad=True).run(Race(stage, Scene("ab")))
    assert together.finished
    assert together.bad == 0
    assert apart.broken == {DOUBLE_PUBLISH: 1}


@pytest.mark.parametrize("wait_s", [0.0, 0.2, 0.9])
def test_short_wait_of_the_bot__is_over_before_or_after_other_calls(
    tmp_path: Path, wait_s: float
) -> None:
    with staged_lock(tmp_path, wait_s) as stage:
        lockstep = Race(stage, Scene("ab")).execute(Lockstep())
        found, _ = Search(policy=SleepSets()).run(Race(stage, Scene("ab"), exchange=False))
    assert lockstep.violations == ()
    assert found.finished
    assert found.bad > 0


def test_long_wait_of_the_bot__outlasts_every_call(tmp_path: Path) -> None:
    with staged_lock(tmp_path, 3.0) as stage:
        found, _ = Search(policy=SleepSets()).run(Race(stage, Scene("ab"), exchange=False))
    assert found.finished
    assert found.bad == 0


def test_timer_that_goes_off_again_and_again__keeps_no_answer_back(tmp_path: Path) -> None:
    with staged_source(tmp_path, TICKING) as stage:
        found, _ = Search(policy=SleepSets()).run(Race(stage, Scene("a")), limit=200)
    assert found.finished
    assert found.complete > 1
    assert found.bad == 0


@pytest.mark.parametrize(
    ("bot", "fault", "violations"),
    [
        ("app", Fault("u0.w0", 2, FAIL_BEFORE), ()),
        ("app", Fault("u0.w0", 2, FAIL_AFTER), ()),
        ("app", Fault("u0.w0.q0", 2, FAIL_BEFORE), ()),
        ("app", Fault("u0.w0", 1, KILLED), ()),
        ("broken.check_then_set", Fault("u0.w0", 2, FAIL_AFTER), (DOUBLE_PUBLISH,)),
        ("broken.swallowed_failure", Fault("u0.w0", 2, FAIL_BEFORE), (LOST,)),
        ("broken.error_when_marking_fails", Fault("u0.w0.q0", 3, FAIL_BEFORE), (DOUBLE_REPLY,)),
    ],
)
def test_fault__befalls_the_planned_call(
    bot: str, fault: Fault, violations: tuple[str, ...]
) -> None:
    with staged_bot(bot) as stage:
        evidence, broken = seen(stage, Scene("a", frozenset({fault})))
    assert broken == violations
    struck = [one.move.name for one in evidence.made if one.fault]
    assert struck == [f"{fault.task}#{fault.ordinal}"]


def test_reply_whose_answer_is_lost__is_a_note() -> None:
    plan = frozenset({Fault("u0.w0.q0", 2, FAIL_AFTER)})
    with staged_bot("app") as stage:
        evidence, broken = seen(stage, Scene("a", plan))
    assert evidence.replies == 2
    assert broken == ()
    assert evidence.notes == (
        "2 replies, with fail-after on a call: where it can not know, the bot would rather repeat "
        "a reply than lose it",
    )


def test_recorded_steps__can_be_followed() -> None:
    scene = Scene("ab")
    with staged_bot("broken.check_then_set") as stage:
        race = Race(stage, scene, exchange=False)
        execution = race.execute(Lockstep())
        assert isinstance(execution.evidence, Seen)
        choices = execution.evidence.record.choices
        followed = race.follow(lambda chance: Replay(choices, Fifo(chance)))
    assert execution.violations == followed.violations == (DOUBLE_PUBLISH,)
    assert [name for name in followed.names if "#" in name] == list(execution.names)


def test_recorded_steps_of_another_bot__diverge() -> None:
    with staged_bot("broken.check_then_set") as stage:
        execution = Race(stage, Scene("ab"), exchange=False).execute(Lockstep())
        assert isinstance(execution.evidence, Seen)
        choices = execution.evidence.record.choices
    with staged_bot("app") as stage, pytest.raises(DivergedError):
        Race(stage, Scene("ab")).follow(lambda chance: Replay(choices, Fifo(chance)))


def test_several_processes__find_what_one_finds() -> None:
    profile = load_profile(
        ROOT / "reference_bot" / "thrice.toml", app="reference_bot.broken.check_publish_set:app"
    )
    scene, search = Scene("ab"), Search(policy=SleepSets())
    with simulated(profile, root=ROOT, seed=1) as stage:
        maker = RaceMaker(profile, ROOT, 1, scene, True, stage)
        alone = run_search(maker, search, limit=60)
        together = run_search(maker, search, jobs=2, limit=60, piece=20)
    assert alone == together
    assert alone.bad > 0
