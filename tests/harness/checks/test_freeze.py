"""Work behind a response: found in whatever order calls are answered, named by its message."""

from collections.abc import Mapping

import pytest

from emulator.call import Access, Call
from emulator.chance import Chance
from emulator.delivery import Delivery, Invocation
from emulator.exchange import Request
from emulator.recorded import RecordedCall
from emulator.step import Agenda, Step, StepKind
from harness.certify import certify
from harness.checks.freeze import freeze_safe
from harness.profile import load_profile
from harness.scenarios.left_behind import LeftBehind, NewestFirst
from harness.scenarios.scenario import Record
from tests.e2e.support import ROOT

PROFILE = load_profile(ROOT / "reference_bot" / "thrice.toml")


def invocation(root: str) -> Invocation:
    request = Request("POST", "https://my-bot.example.com/api/messenger")
    delivery = Delivery(
        f"{root}.w0", "user", 0.0, lambda: request, lambda outcome: None, 5.0, roots=(root,)
    )
    return Invocation(delivery, request, "i0", 0, 0.0)


def call(
    of: Invocation, ordinal: int, *, arrived: float = 0.0, url: str = "https://x.test/"
) -> Call:
    return Call(
        f"{of.name}#{ordinal}",
        of,
        Request("POST", url),
        "qstash" if "qstash" in url else "unknown",
        Access("publish"),
        arrived,
        None,
        lambda outcome: None,
    )


def order(calls: list[Call]) -> list[str]:
    """The names of these calls in the order in which they are answered."""
    agenda, schedule = Agenda(), NewestFirst(Chance(1))
    for each in calls:
        due = each.arrived + schedule.latency(each)
        agenda.add(Step(each.name, StepKind.ANSWER, due, lambda: None, call=each))
    names = []
    while (step := schedule.pick(agenda)) is not None:
        agenda.drop(step)
        names.append(step.name)
    return names


def test_newest_first__leaves_the_oldest_for_last() -> None:
    of = invocation("u0")
    calls = [call(of, number, arrived=float(number)) for number in range(3)]
    assert order(calls) == ["u0.w0#2", "u0.w0#1", "u0.w0#0"]


@pytest.mark.parametrize(("root", "last"), [("u0", 0), ("u1", 1), ("u2", 2), ("u3", 0)])
def test_newest_first__has_each_of_those_made_together_be_the_last_in_its_turn(
    root: str, last: int
) -> None:
    of = invocation(root)
    names = order([call(of, number) for number in range(3)])
    assert names[-1] == f"{root}.w0#{last}"
    assert sorted(names) == [f"{root}.w0#{number}" for number in range(3)]


def test_newest_first__keeps_to_the_invocation_that_is_due() -> None:
    older, newer = call(invocation("u0"), 0), call(invocation("u1"), 0, arrived=1.0)
    assert order([newer, older]) == ["u0.w0#0", "u1.w0#0"]


def left(calls: list[Call], mids: Mapping[str, str]) -> LeftBehind:
    return LeftBehind("at-once", Record((), ()), mids, tuple(map(RecordedCall.of, calls)))


def test_evidence__names_the_call_and_the_message() -> None:
    lost = call(
        invocation("u0"), 1, url="https://qstash.upstash.io/v2/publish/https://b.test/c?t=1"
    )
    verdict = freeze_safe(PROFILE, [left([lost], {"u0": "m_0123456789abcdef"})])
    assert verdict.failed
    assert verdict.evidence[1] == (
        "this call was still wanted: POST /v2/publish/https://b.test/c, "
        "from the request for mid m_0123456789... (u0.w0, /api/messenger, on i0)"
    )


def test_evidence__has_the_whole_address_of_what_is_no_service_of_the_world() -> None:
    lost = call(invocation("start"), 0, url="https://elsewhere.test/log?secret=1")
    verdict = freeze_safe(PROFILE, [left([lost], {})])
    assert verdict.evidence[1] == (
        "this call was still wanted: POST https://elsewhere.test/log, "
        "from start.w0, /api/messenger, on i0"
    )


def test_call_that_is_not_awaited_beside_others__is_found_however_many_these_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VICE", "one-of-four")
    profile = load_profile(
        ROOT / "reference_bot" / "thrice.toml", app="tests.bots.freeze.left_bot:app"
    )
    (verdict,) = certify(profile, root=ROOT, only=("freeze-safe",)).verdicts
    assert (verdict.result, verdict.run) == ("failed", "newest first")
    assert verdict.evidence[1].startswith(
        "this call was still wanted: POST /v2/publish/https://my-bot.example.com/"
        "api/process-message, from the request for mid m_"
    )
