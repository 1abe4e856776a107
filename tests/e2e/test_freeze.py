"""Bots as processes that are stopped between two requests: what they leave behind, who is stopped,
and what becomes of bots that can not rest.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.serverless.asleep import can_see_threads
from emulator.serverless.intake import Intake, Running
from emulator.serverless.live import Live
from harness.certify import certify
from harness.profile import Leftovers, load_profile
from harness.scenarios.left_behind import NewestFirst
from harness.stage import staged
from tests._needs import needs_node
from tests.e2e.prove_freeze import (
    AWAITED,
    LEFT_BY_NODE,
    LEFT_BY_PYTHON,
    NODE,
    PYTHON,
    effects,
    expected,
)
from tests.e2e.support import (
    PLAIN,
    ROOT,
    pool_of,
    processes_with,
    running,
    statuses,
    wait_until_gone,
    world_of,
)

needs_proc = pytest.mark.skipif(not can_see_threads(), reason="needs the states of threads")

PROFILE = ROOT / "reference_bot" / "thrice.toml"
COUNT = 8


def stopped(mark: str) -> dict[str, int]:
    """The stopped processes with this text in their environment, by their commands; shells apart,
    which may or may not become the command that they run.
    """
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if state == "T" and not command.startswith("/bin/sh"):
                    found[command] = int(entry.name)
        except OSError:
            continue
    return found


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What stands in the environment of every process that the test starts."""
    monkeypatch.setenv("THRICE_MARK", f"{tmp_path}-")
    return f"THRICE_MARK={tmp_path}-"


@contextmanager
def frozen(live: Live, text: str = AWAITED) -> Iterator[None]:
    """Run with an instance that has served one message."""
    with world_of(live) as world:
        world.meta.message(text)
        world.run_until_quiet()
        yield


@needs_node
def test_node__nothing_that_is_left_behind_takes_effect() -> None:
    kinds = (*LEFT_BY_NODE, AWAITED)
    assert effects(NODE, kinds, COUNT) == expected(kinds, COUNT)


def test_uvicorn__nothing_that_is_left_behind_takes_effect() -> None:
    kinds = (*LEFT_BY_PYTHON, AWAITED)
    assert effects(PYTHON, kinds, COUNT) == expected(kinds, COUNT)


@needs_node
def test_un_awaited_call_beside_an_awaited_one__is_late_when_it_is_answered_last() -> None:
    kinds = ("one-of-two", "one-of-four")
    with (
        running(NODE) as live,
        world_of(live, schedule=NewestFirst) as world,
    ):
        roots = [
            world.meta.message(kinds[number // 4], at=float(number)).root for number in range(8)
        ]
        world.run_until_quiet()
        tallies = [world.journal.tally(root) for root in roots]
    late = [tally.late for tally in tallies]
    # Of the two calls made together, now the one and now the other is the last.
    assert late == [1, 0, 1, 0, 1, 0, 1, 0] or late == [0, 1, 0, 1, 0, 1, 0, 1]
    assert [tally.publishes for tally in tallies] == [1 - each for each in late]


@needs_node
def test_un_awaited_call__has_the_same_fate_in_every_run() -> None:
    fates = []
    with running(NODE) as live:
        for _ in range(2):
            with world_of(live) as world:
                roots = [
                    world.meta.message("one-of-two", at=float(number)).root for number in range(8)
                ]
                world.run_until_quiet()
                fates.append([world.journal.tally(root).late for root in roots])
    assert fates[0] == fates[1]
    assert set(fates[0]) == {0, 1}


def test_left_task_that_fails__costs_the_next_request_nothing() -> None:
    # The server closes the connection of the request whose task has failed.
    with running(PYTHON) as live, world_of(live) as world:
        world.meta.message("impatient-task", at=0.0)
        root = world.meta.message("slow", at=1.0).root
        world.run_until_quiet()
        tally = world.journal.tally(root)
        answered = statuses(world)
    assert answered == [200, 200, 200]
    assert (tally.publishes, tally.late) == (1, 0)


@pytest.mark.parametrize("leftovers", ["answered", "dropped"])
def test_leftovers__have_the_fate_that_they_have_in_the_simulation(leftovers: Leftovers) -> None:
    fates = []
    for given in (
        load_profile(PROFILE, command=PYTHON),
        load_profile(PROFILE, app="tests.bots.freeze.left_bot:app"),
    ):
        host = replace(given.host, instances=1, max_instances=2, leftovers=leftovers)
        # Cold starts on a busy machine take their time.
        profile = replace(given, host=host, bot=replace(given.bot, call_timeout_s=120.0))
        with (
            staged(profile, root=ROOT, seed=1) as stage,
            stage.world(copies=1) as world,
        ):
            roots = [
                world.meta.message("create-task" if number < 4 else AWAITED, at=float(number)).root
                for number in range(8)
            ]
            world.run_until_quiet()
            world.reveal_leftovers()
            tallies = [world.journal.tally(root) for root in roots]
            fates.append([(tally.publishes, tally.late) for tally in tallies])
    assert fates[0] == fates[1]
    assert fates[0][4:] == [(1, 0)] * 4
    assert [late for _, late in fates[0][:4]] == [1] * 4
    assert any(published for published, _ in fates[0][:4]) == (leftovers == "answered")


@needs_node
def test_leftovers__are_named_after_what_they_ask_and_not_after_when_it_was_read() -> None:
    with running(NODE) as live, world_of(live) as world:
        world.meta.message("three")
        world.run_until_quiet()
        world.reveal_leftovers()
        named = {call.name: call.request.raw_path[-1] for call in world.gate.late_calls}
    assert named == {"u0.w0#0": "a", "u0.w0#1": "b", "u0.w0#2": "c"}


@needs_node
def test_hundred_and_fifty_leftovers__do_not_stall_the_bot() -> None:
    with running(PYTHON) as live, world_of(live) as world:
        world.meta.message("many")
        last = world.meta.message(AWAITED, at=1.0)
        world.run_until_quiet()
        assert world.journal.tally(last.root).publishes == 1
        assert world.journal.counts["late"] == 150
        assert world.findings() == []


@needs_node
def test_process_that_ends_behind_its_response__is_replaced_before_the_next_request() -> None:
    with running(NODE) as live, world_of(live) as world:
        for number in range(3):
            world.meta.message("dies-behind", at=float(number))
        world.run_until_quiet()
        assert statuses(world) == [200, 200, 200]
        assert world.host.cold_starts == 3


@needs_node
def test_process_that_ends_behind_its_response__has_responded_also_when_its_end_is_seen_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take = Intake.take

    def take_and_wait(self: Intake, wait_s: float, focus: Running | None = None) -> bool:
        called = take(self, wait_s, focus)
        if focus is not None and focus.requests:
            until = time.monotonic() + 20
            while focus.body.exited is None and time.monotonic() < until:
                time.sleep(0.001)
        return called

    with running(NODE) as live, world_of(live) as world:
        monkeypatch.setattr(Intake, "take", take_and_wait)
        world.meta.message("dies-behind")
        world.run_until_quiet()
        assert statuses(world) == [200]


@needs_node
@needs_proc
def test_thread_that_never_rests__does_not_keep_its_bot_from_being_answered() -> None:
    with running(NODE) as live, world_of(live) as world:
        world.meta.message("spinner")
        world.run_until_quiet()
        assert statuses(world) == [200, 200]
        assert world.findings() == []
        assert live.restless


@needs_node
@needs_proc
def test_every_process__is_stopped_also_one_that_left_the_session(mark: str) -> None:
    with running(NODE, vice="escapes") as live, frozen(live):
        assert set(stopped(mark)) == {NODE, "sleep 600"}
        assert list(live.escaped) == ["sleep 600"]
    assert processes_with(mark) == []


@needs_proc
def test_clean_process__is_kept_for_the_next_world_and_runs_until_then(mark: str) -> None:
    with running(PLAIN) as live:
        with frozen(live):
            assert len(stopped(mark)) == 1
        assert stopped(mark) == {}
        with frozen(live):
            assert len(stopped(mark)) == 1
        assert pool_of(live).started == 2
    assert processes_with(mark) == []


def test_recycled_instance__shuts_down_though_it_was_stopped() -> None:
    with running(PLAIN) as live, world_of(live) as world:
        world.meta.message("hello")
        world.run_until_quiet()
        world.host.recycle("i0")
        assert world.host.instances == {}
        assert world.findings() == []


@needs_proc
def test_bot_that_is_killed_while_it_is_stopped__leaves_nothing(mark: str) -> None:
    with running(PLAIN, vice="escapes") as live, frozen(live):
        for command, pid in stopped(mark).items():
            if "plain_bot" in command:
                # The first may have been the end of the others.
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    assert wait_until_gone(mark) == []


# A world with a stopped instance, held until it is ended.
HELD = """
import time
from tests.e2e.support import PLAIN, running, world_of
with running(PLAIN, vice="escapes") as live, world_of(live) as world:
    world.meta.message("hello")
    world.run_until_quiet()
    print("frozen", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_thrice_that_is_ended_while_a_bot_is_stopped__leaves_nothing(
    mark: str, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HELD],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "frozen\n"
        assert stopped(mark)
        holder.send_signal(number)
        holder.wait(30)
    assert wait_until_gone(mark) == []


@needs_node
def test_freeze_safe__names_the_lost_call_and_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICE", "one-of-four")
    given = load_profile(PROFILE, command=NODE)
    host = replace(given.host, instances=1, max_instances=3)
    certificate = certify(replace(given, host=host), root=ROOT, only=("freeze-safe",))
    (verdict,) = certificate.verdicts
    assert verdict.failed
    lost = re.compile(
        r"this call was still wanted: POST /v2/publish/http://127\.0\.0\.1:\d+"
        r"/api/process-message, from the request for mid m_[\w-]{10}\.\.\. "
        r"\(u\d\.w\d, /api/messenger, on i\d\)"
    )
    assert lost.fullmatch(verdict.evidence[1]), verdict.evidence
