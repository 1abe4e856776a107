"""The checks on services in trouble: what they say of a bot that gives up, storms or doubles, and
what they do not hold against one.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from emulator.journal import Journal
from emulator.meta import UserMessage
from harness.certify import certify, judge
from harness.checks import CATALOGUE
from harness.checks.observed import Observed
from harness.checks.outages import send_fails
from harness.profile import Bot, Profile
from harness.scenarios.outages import Troubled
from harness.scenarios.scenario import Record
from harness.verdict import Verdict
from tests._seeds import PROVING
from tests.harness.test_matrix import BROKEN
from tests.harness.test_repeats import ROOT, broken, fastapi_bot, verdict_on

PROFILE = Profile(bot=Bot(app="bot:app"))
CHECKS = (
    "queue-hangs",
    "queue-refuses",
    "queue-429",
    "queue-401",
    "store-down",
    "store-quota",
    "send-fails",
)
LIMIT = "asyncio.timeout(4)"
DEDUP = "            deduplication_id=mid,\n"
RAISE = "    sent.raise_for_status()\n"
OWN_RETRIES = ', ""), retry=False)'


def test_queue_refuses__of_a_failure_that_was_swallowed() -> None:
    verdict = verdict_on(broken("swallowed_failure"), "queue-refuses")
    assert verdict.expected == (
        "4 messages, 4 publishes, 4 replies; every webhook answered within 5 s; at most 6 failed "
        "calls to the queue in one delivery"
    )
    assert verdict.observed.startswith("4 messages, 2 publishes, 2 replies; slowest webhook ")
    assert [line.partition(" (")[0] for line in verdict.evidence] == [
        'u1 "are you there?"',
        'u2 "hello?"',
        "u1.w0 was answered 200 although its calls to the queue had failed: nobody delivers that "
        "again",
        "u2.w0 was answered 200 although its calls to the queue had failed: nobody delivers that "
        "again",
    ]


def test_queue_429__of_a_storm() -> None:
    verdict = verdict_on(broken("retry_storm"), "queue-429")
    assert verdict.observed.endswith("; at most 20 failed calls in one delivery")
    assert verdict.evidence == (
        "calls to the queue while it was in trouble: u1.w0 20, u1.w0' 20, u1.w0'' 20, u1.w1 20, "
        "...",
        "try once, or a few times with growing pauses: who delivered comes again by itself",
    )


def test_queue_hangs__of_a_bot_without_a_time_limit(tmp_path: Path) -> None:
    profile = fastapi_bot(tmp_path, (LIMIT, "asyncio.timeout(400)"))
    verdict = verdict_on(profile, "queue-hangs", tmp_path)
    assert verdict.run == "nothing is accepted"
    assert "; slowest webhook 20.000 s; " in verdict.observed
    assert verdict.evidence[-1] == "give calls to the queue a time limit well below 5 s"


def test_queue_hangs__of_a_publish_that_can_not_be_repeated(tmp_path: Path) -> None:
    verdict = verdict_on(fastapi_bot(tmp_path, (DEDUP, "")), "queue-hangs", tmp_path)
    assert verdict.run == "publishes are accepted"
    assert not verdict.observed.startswith("4 messages, 4 publishes")
    assert "a publish that may be repeated needs a deduplication id" in verdict.evidence


def test_retries_of_the_queues_own_sdk__are_no_storm(tmp_path: Path) -> None:
    edit = (OWN_RETRIES, ', ""))')
    verdict = verdict_on(fastapi_bot(tmp_path, edit), "queue-refuses", tmp_path)
    assert verdict.result == "passed"
    assert verdict.observed.endswith("; at most 4 failed calls in one delivery")


def test_retries_of_the_queues_own_sdk__take_too_long_without_a_limit(tmp_path: Path) -> None:
    edits = (OWN_RETRIES, ', ""))'), (LIMIT, "asyncio.timeout(None)")
    verdict = verdict_on(fastapi_bot(tmp_path, *edits), "queue-refuses", tmp_path)
    assert "; slowest webhook 20.000 s; " in verdict.observed
    assert len(verdict.evidence) == 2


def test_store_down__of_a_claim_whose_answer_was_lost() -> None:
    verdict = verdict_on(broken("claim_released_on_error"), "store-down")
    assert verdict.run == "writes unanswered"
    assert verdict.evidence[2] == (
        "u1.w0' was answered 200, and nothing came of it: nobody delivers that again"
    )


def test_store_down__of_a_reply_that_could_not_be_noted() -> None:
    verdict = verdict_on(broken("error_when_marking_fails"), "store-down")
    assert verdict.run == "unavailable"
    assert verdict.observed.startswith("4 messages, 4 publishes, 5 replies; ")
    assert verdict.evidence[1] == (
        "u0.w0.q0 was answered 503 after its reply had been sent: answer 200 then, whatever fails "
        "afterwards"
    )


def test_store_down__of_a_bot_that_fails_open() -> None:
    verdict = verdict_on(broken("publishes_without_store"), "store-down")
    assert "a publish that may be repeated needs a deduplication id" in verdict.evidence
    assert verdict.evidence[0].startswith(
        "published without a deduplication id, and without an answer of the store: t="
    )


def test_send_fails__of_a_failure_that_was_swallowed(tmp_path: Path) -> None:
    verdict = verdict_on(fastapi_bot(tmp_path, (RAISE, "")), "send-fails", tmp_path)
    assert verdict.run == "temporary error"
    assert verdict.observed == (
        "4 messages, 4 publishes, 2 replies; at most 1 failed call in one delivery"
    )
    assert verdict.evidence[2] == (
        "u1.w0.q0 was answered 200 although its calls to the platform had failed: nobody delivers "
        "that again"
    )


def test_send_fails__of_a_bot_that_takes_a_rate_limit_for_final(tmp_path: Path) -> None:
    final = """    if 400 <= sent.status_code < 500:
        return Response("refused for good")
    sent.raise_for_status()
"""
    verdict = verdict_on(fastapi_bot(tmp_path, (RAISE, final)), "send-fails", tmp_path)
    assert verdict.run == "rate limit"


def test_send_fails__notes_what_no_bot_can_avoid() -> None:
    verdict = verdict_on(broken("consumer_not_idempotent"), "send-fails")
    assert (verdict.result, verdict.standing) == ("passed", "passed")
    assert verdict.observed.startswith("4 messages, 4 publishes, 6 replies; ")
    assert verdict.notes == (
        "u1, u2: answered again, because the platform took a reply and its answer got lost; no bot "
        "can know, and this one rather answers twice than never",
    )


@pytest.mark.parametrize(
    ("lost", "known", "result", "notes"),
    [(0, 1, "passed", 0), (1, 0, "passed", 0), (1, 1, "passed", 1), (1, 2, "failed", 0)],
)
def test_replies__each_lost_answer_excuses_one_more(
    lost: int, known: int, result: str, notes: int
) -> None:
    verdict = sent(lost=lost, known=known)
    assert (verdict.result, len(verdict.notes)) == (result, notes)


def test_bot_on_a_host_of_one_instance__passes(tmp_path: Path) -> None:
    profile = fastapi_bot(tmp_path, instances=1, max_instances=1)
    assert verdict_on(profile, "queue-refuses", tmp_path).result == "passed"


def test_waiting_in_vain__is_not_asked_of_a_live_bot() -> None:
    (verdict,) = judge(Observed(PROFILE, {}, "live"), [CATALOGUE["queue-hangs"]])
    assert verdict.result == "not applicable"
    assert verdict.why == (
        "a simulated run: a live bot waits on its own clock for answers that never come"
    )
    assert CATALOGUE["store-down"].scenario.played_by("live") == (
        "unavailable",
        "writes unanswered",
    )
    assert CATALOGUE["store-down"].scenario.played_by("simulated")[-1] == "silent"


BROKEN_BY_OUTAGES = (
    "swallowed_failure",
    "claim_released_on_error",
    "retry_storm",
    "error_when_marking_fails",
    "publishes_without_store",
)


@pytest.mark.parametrize("bot", BROKEN_BY_OUTAGES if PROVING else BROKEN_BY_OUTAGES[:2])
def test_broken_bot__fails_the_same_on_the_other_kind_of_host(bot: str) -> None:
    profile = broken(bot)
    profile = replace(profile, host=replace(profile.host, kind="vercel"))
    verdicts = certify(profile, root=ROOT, only=CHECKS).verdicts
    assert {verdict.check for verdict in verdicts if verdict.failed} == set(BROKEN[bot]) & set(
        CHECKS
    )


@pytest.mark.parametrize("check", CHECKS)
def test_check_with_no_run_left_live__says_so(check: str) -> None:
    known = CATALOGUE[check]
    assert bool(known.scenario.played_by("live")) == (known.live is None)


def sent(*, lost: int, known: int) -> Verdict:
    """The verdict on one message with so many replies: their answers lost, or known to the bot."""
    journal = Journal()
    made = journal.note("delivery", "u0.w0", time=0.0, roots=("u0",), detail={"kind": "user"})
    journal.note("response", "u0.w0", time=0.1, cause=made, detail={"status": 200})
    publish = journal.note("call", "u0.w0#0", time=0.1, cause=made, roots=("u0",))
    detail = {"dedup": "m_1"}
    journal.note("publish", "u0.w0.q0", time=0.1, cause=publish, roots=("u0",), detail=detail)
    for number in range(lost + known):
        name = f"u0.w0.q0#{number}"
        call = journal.note("call", name, time=1.0 + number, cause=made, roots=("u0",))
        if number < lost:
            journal.note("fault", name, time=1.0 + number, cause=call, roots=("u0",))
        journal.note("reply", f"u0.w0.q0.r{number}", time=1.0 + number, cause=call, roots=("u0",))
    message = UserMessage("u0", "m_1", "ada", "1", "hello", 0.0)
    record = Record(tuple(journal.entries()), ())
    return send_fails(PROFILE, [Troubled("run", record, (message,), "graph")])
