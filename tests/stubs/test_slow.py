"""Answers that come later than their effect, or never, as the gate delivers them."""

import pytest

from emulator.exchange import Failure, Reply
from emulator.schedule import LATENCY_HIGH_S, LATENCY_LOW_S
from emulator.stubs import Answer, Stub
from tests.stubs.conftest import Caller, MakeCaller

API = "api.example.com"
URL = f"https://{API}/v1/chat"
SLOW = Stub(host=API, answers=(Answer(latency_s=5.0),))
SILENT = Stub(host=API, answers=(Answer(fault="timeout"),))


def answers(bot: Caller) -> list[tuple[float, object]]:
    return [(entry.time, entry.detail["status"]) for entry in bot.kernel.journal.entries("answer")]


def test_latency__the_answer_follows_the_effect_by_it(caller: MakeCaller) -> None:
    bot = caller(SLOW)
    heard = bot.ask(URL, "POST")
    bot.run(LATENCY_HIGH_S)

    (effect,) = bot.stubs.calls
    assert LATENCY_LOW_S <= effect.time <= LATENCY_HIGH_S
    assert (heard.outcome, answers(bot)) == (None, [])

    bot.run()

    assert heard.outcome == Reply(200)
    assert heard.at == pytest.approx(effect.time + 5.0)
    assert answers(bot) == [(heard.at, 200)]


def test_latency__longer_than_the_client_waits(caller: MakeCaller) -> None:
    bot = caller(SLOW)
    heard = bot.ask(URL, "POST", timeout_s=2.0)
    bot.run()

    assert heard.outcome == Failure("timeout", "no answer within 2 s")
    assert heard.at == 2.0
    assert bot.stubs.totals == {API: 1}


def test_latency__of_a_fault(caller: MakeCaller) -> None:
    bot = caller(Stub(host=API, answers=(Answer(fault="refused", latency_s=3.0),)))
    heard = bot.ask(URL)
    bot.run()

    assert heard.outcome == Failure("refused", f"{API}: connection refused")
    assert heard.at is not None
    assert heard.at >= 3.0


def test_silence__ends_with_the_clients_own_limit(caller: MakeCaller) -> None:
    bot = caller(SILENT)
    heard = bot.ask(URL, timeout_s=30.0)
    bot.run(29.9)
    assert heard.outcome is None

    bot.run()

    assert heard.outcome == Failure("timeout", "no answer within 30 s")
    assert heard.at == 30.0
    assert [status for _, status in answers(bot)] == ["none"]


def test_client_that_gives_up__is_noted_once(caller: MakeCaller) -> None:
    bot = caller(SLOW)
    bot.ask(URL, "POST", timeout_s=2.0)
    patient = bot.ask(URL, "POST", timeout_s=20.0)
    bot.run()

    assert patient.outcome == Reply(200)
    (entry,) = bot.kernel.journal.entries("timeout")
    assert entry.time == 2.0
    assert entry.detail == {"service": "stub", "after_s": 2.0}


def test_silence__without_a_limit_leaves_nothing_pending(caller: MakeCaller) -> None:
    bot = caller(SILENT)
    heard = bot.ask(URL)
    bot.run()

    assert heard.outcome is None
    assert len(bot.kernel.agenda) == 0
    assert bot.invocation.parked == [heard.call]


def test_response_before_the_answer__makes_the_call_late(caller: MakeCaller) -> None:
    bot = caller(SLOW)
    heard = bot.ask(URL, "POST")
    bot.run(1.0)
    bot.gate.close(bot.invocation)
    bot.run()

    assert heard.outcome is None
    assert bot.gate.late_calls == [heard.call]
    assert len(bot.kernel.agenda) == 0


def test_response_before_the_answer__the_effect_happens_once(caller: MakeCaller) -> None:
    bot = caller(SLOW)
    bot.gate.late_policy = "answered"
    heard = bot.ask(URL, "POST")
    bot.run(1.0)
    bot.gate.close(bot.invocation)
    bot.run()
    bot.gate.thawed(bot.invocation.instance)
    bot.run()

    assert heard.outcome == Reply(200)
    assert bot.stubs.totals == {API: 1}


def test_death_before_the_answer__nobody_hears_it(caller: MakeCaller) -> None:
    bot = caller(SLOW)
    heard = bot.ask(URL, "POST")
    bot.run(1.0)
    bot.gate.abandon(bot.invocation)
    bot.run()

    assert heard.outcome is None
    assert bot.stubs.totals == {API: 1}
