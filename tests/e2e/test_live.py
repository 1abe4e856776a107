"""Bots as processes, one world at a time: what is released, what is awaited, what is late, and what
becomes of bots that misbehave.
"""

import os
import time

import pytest

from emulator.errors import BotStartError, ScenarioError, UnfitRunError
from tests.e2e.support import pool_of, processes_with, running, statuses, wait_until_gone, world_of


def test_message__is_delivered_and_answered() -> None:
    with running() as live, world_of(live, copies=3, instances=2) as world:
        world.meta.message("hello")
        assert world.run_until_quiet()
        assert statuses(world) == [200, 200, 200]
        assert world.findings() == []


def test_calls__are_answered_one_after_the_other_and_belong_to_their_request() -> None:
    with running(vice="asks") as live, world_of(live) as world:
        world.meta.message("hello")
        world.run_until_quiet()
        calls = list(world.journal.entries("call"))
        assert [call.name for call in calls] == ["u0.w0#0", "u0.w0#1"]
        assert str(calls[0].detail["url"]).endswith("/documents/notes/one")
        assert str(calls[0].detail["url"]).startswith("https://firestore.googleapis.com/v1/")
        assert statuses(world) == [200]


@pytest.mark.parametrize("number", range(5))
def test_parallel_calls__get_their_names_by_what_they_ask_and_not_by_when(number: int) -> None:
    with running(vice="asks-at-once") as live, world_of(live, seed=number) as world:
        world.meta.message("hello")
        world.run_until_quiet()
        names = {call.name: str(call.detail["url"])[-1] for call in world.journal.entries("call")}
        assert names == {"u0.w0#0": "a", "u0.w0#1": "b", "u0.w0#2": "c"}
        assert statuses(world) == [200]


def test_call_that_nobody_waits_for__never_takes_effect_and_is_late() -> None:
    with running(vice="forgets") as live, world_of(live) as world:
        for number in range(20):
            world.meta.message("hello", at=float(number))
        world.run_until_quiet()
        world.reveal_leftovers()
        assert world.journal.counts["late"] == 20
        assert world.journal.counts["answer"] == 0
        assert statuses(world) == [200] * 20


def test_bot_that_naps__is_waited_for() -> None:
    with running(vice="naps") as live, world_of(live) as world:
        world.meta.message("hello")
        world.run_until_quiet()
        assert statuses(world) == [200]


def test_call_at_the_start__is_answered_by_the_world_that_first_needs_the_process() -> None:
    with running(vice="asks-at-start") as live:
        with world_of(live) as world:
            world.meta.message("hello")
            world.run_until_quiet()
            assert [call.name for call in world.journal.entries("call")] == ["i0.boot#0"]
            assert statuses(world) == [200]
        assert live.source.output == ("store says 404",)


def test_answers_byte_by_byte__are_put_together() -> None:
    with running(vice="drips") as live, world_of(live) as world:
        world.meta.message("hello")
        world.run_until_quiet()
        assert statuses(world) == [200]


def test_ten_megabytes__are_refused_as_the_platform_does() -> None:
    with running(vice="huge") as live, world_of(live) as world:
        handshake = world.meta.subscribe()
        world.meta.message("hello")
        world.run_until(1.0)
        assert handshake.verified
        assert statuses(world)[:2] == [200, 500]
        (finding, *_) = world.findings("response-too-large")
        assert finding.detail["what"] == "the response is larger than 6,291,456 bytes"


def test_bot_that_dies__fails_the_request_and_the_next_one_gets_another_process() -> None:
    with running(vice="dies") as live, world_of(live) as world:
        world.meta.message("hello")
        world.run_until(1.0)
        assert statuses(world)[:2] == [500, 500]
        assert {finding.name for finding in world.findings()} == {"process-ended"}
        assert world.findings()[0].detail["status"] == 7
        assert world.host.cold_starts >= 2
    assert "about to die" in live.source.output


def test_bot_that_ends_after_its_response__has_answered() -> None:
    with running(vice="answers-and-ends") as live, world_of(live) as world:
        for number in range(3):
            world.meta.message("hello", at=float(number))
        world.run_until_quiet()
        assert statuses(world) == [200, 200, 200]
        assert world.host.cold_starts == 3


def test_bot_that_hangs_up__fails_the_request_and_lives_on() -> None:
    with running(vice="hangs-up") as live, world_of(live) as world:
        world.meta.message("hello")
        world.run_until(1.0)
        assert statuses(world)[:2] == [500, 500]
        assert world.host.cold_starts == 1
        exceptions = [
            entry.detail["traceback"]
            for entry in world.journal.entries("instance")
            if entry.detail["event"] == "exception"
        ]
        assert exceptions[0] == "the connection ended without a response (closed)"


@pytest.mark.parametrize(
    ("vice", "why"),
    [
        ("spins", "it computes without end"),
        (
            "sleeps",
            "it waits for something that is not part of the world, or for a timer of its own",
        ),
    ],
)
def test_bot_that_is_stuck__is_killed_and_answered_504(vice: str, why: str) -> None:
    with running(vice=vice, settle_limit_s=0.5) as live, world_of(live) as world:
        world.meta.message("hello")
        world.run_until(0.0)
        assert statuses(world)[0] == 504
        (finding, *_) = world.findings("stuck")
        assert finding.detail["what"] == (
            f"stuck: no call and no response within 0.5 s of real time; {why}"
        )


@pytest.mark.parametrize(
    ("command", "vice", "message"),
    [
        ("echo one; echo two; exit 3", "", r"^the command ended with status 3 before it answered"),
        ("sleep 60", "", r"^nothing listens on port \d+ after 1 s; the command has to listen on "),
        (
            "",
            "elsewhere",
            r"^the command listens on port \d+ and not on \d+, the port it was give",
        ),
        ("", "mute", r"^port \d+ takes connections, but GET /api/messenger was not answered withi"),
    ],
    ids=["ends", "deaf", "elsewhere", "mute"],
)
def test_command_that_does_not_come_up__is_refused(command: str, vice: str, message: str) -> None:
    processes = running(command, vice=vice, start_limit_s=1.0) if command else None
    processes = processes or running(vice=vice, start_limit_s=1.0)
    with pytest.raises(BotStartError, match=message) as caught, processes:
        pytest.fail("it came up")
    if "exit 3" in command:
        assert str(caught.value).splitlines()[1:] == [
            "  the bot printed: one",
            "  the bot printed: two",
        ]


def test_clean_process__serves_the_next_world_and_an_unclean_one_does_not() -> None:
    with running() as live:
        for seed in range(3):
            with world_of(live, seed=seed) as world:
                world.meta.message("hello")
                world.run_until_quiet()
        assert pool_of(live).started == 2
    with running(vice="forgets") as live:
        for seed in range(2):
            with world_of(live, seed=seed) as world:
                world.meta.message("hello")
                world.run_until_quiet()
        assert pool_of(live).started > 2


def test_two_worlds_at_once__are_refused() -> None:
    message = r"^close the world before you make another one of the same bot$"
    with (
        running() as live,
        world_of(live),
        pytest.raises(ScenarioError, match=message),
        world_of(live),
    ):
        pytest.fail("there were two")


def test_run_in_which_a_call_waited_for_too_long__is_not_fit_to_be_judged() -> None:
    with running(vice="asks", patience_s=0.0) as live:
        with world_of(live) as world:
            world.meta.message("hello")
            world.run_until_quiet()
        with pytest.raises(UnfitRunError, match=r"^a call of the bot waited \d+\.\d s for its an"):
            live.accept()


def test_recycled_instance__is_told_to_shut_down() -> None:
    with running() as live, world_of(live) as world:
        world.meta.message("hello")
        world.run_until_quiet()
        world.host.recycle("i0")
        assert world.host.instances == {}


@pytest.mark.parametrize("vice", ["", "stubborn", "escapes", "forgets"])
def test_close__leaves_no_process_and_no_file(
    vice: str, tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.serverless.pool.GRACE_S", 0.3)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    mark = f"THRICE_MARK={tmp_path}-"
    monkeypatch.setenv("THRICE_MARK", f"{tmp_path}-")
    with running(vice=vice, ahead=2) as live, world_of(live) as world:
        world.meta.message("hello")
        world.run_until_quiet()
        assert processes_with(mark)
        assert os.listdir(tmp_path)
    assert processes_with(mark) == []
    assert os.listdir(tmp_path) == []


def test_error_in_the_middle__leaves_no_process(
    tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THRICE_MARK", f"{tmp_path}-")
    with pytest.raises(KeyboardInterrupt), running() as live, world_of(live):
        raise KeyboardInterrupt
    assert wait_until_gone(f"THRICE_MARK={tmp_path}-", within_s=0.0) == []


def test_bot_clock__is_the_real_one() -> None:
    with running() as live, world_of(live) as world:
        world.advance(days=7)
        assert abs(world.kernel.clock.unix - time.time()) < 5.0
