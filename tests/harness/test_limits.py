"""The checks of limits: what they let through, what they do not, and what they say of it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.journal import Entry
from emulator.meta import UserMessage
from harness.certify import certify
from harness.checks import CATALOGUE
from harness.checks.limits import breaker, most_within, rate_limit
from harness.profile import Excess, Expect, Profile, RateLimits, load_profile
from harness.scenarios.conversation import Conversation
from harness.scenarios.limits import Overrun
from harness.scenarios.scenario import Record
from harness.verdict import Verdict
from tests.harness._limits import LIMITS, PROFILE, entry, written

ROOT = Path(__file__).parents[2]
NOTICE = "slow down"

# A bot with one part changed, which `{part}` names.
BOT = """
import math
import time
from dataclasses import replace
from functools import partial

from reference_bot.app import create_app
from reference_bot.bot import make_bot
from reference_bot.claims import Claims
from reference_bot.firestore import StoreError
from reference_bot.message import Message
from reference_bot.settings import CONSUMER_PATH
from reference_bot.webhook import Webhook

{code}

app = create_app(make=partial(make_bot, {part}=Other))
"""
REFUSING_BREAKER = """
class Other(Claims):
    async def _hold(self, *arguments, **options):
        raise StoreError("the breaker is open")
"""
CALENDAR_HOURS = """
class Other(Claims):
    async def _look(self, *paths):
        record, limit, counts = await super()._look(*paths)
        if counts is not None:
            hour = math.floor(time.time() / 3600)
            inside = {
                name: count
                for name, count in counts.fields.items()
                if name == "total" or int(name[1:]) // 60 == hour
            }
            counts = replace(counts, fields=inside)
        return [record, limit, counts]
"""
CALENDAR_MINUTES = """
class Other(Claims):
    async def _look(self, *paths):
        record, limit, counts = await super()._look(*paths)
        if limit is not None:
            minute = math.floor(time.time() / 60)
            slots = [slot for slot in limit.fields["slots"] if slot // 60 == minute]
            limit = replace(limit, fields={**limit.fields, "slots": slots})
        return [record, limit, counts]
"""
REFUSES_EACH = """
class Other(Webhook):
    async def hand_over(self, message, claim):
        if claim.delay_s:
            message = Message(message.mid, message.sender, "slow down")
        await self._publisher.publish(
            CONSUMER_PATH, message.as_job(), deduplication_id=message.key
        )
        await self._claims.mark_published(claim)
"""
TELLS_ONCE = """
class Other(Webhook):
    async def hand_over(self, message, claim):
        if claim.delay_s:
            message = Message("notice-" + message.sender, message.sender, "slow down")
        await self._publisher.publish(
            CONSUMER_PATH, message.as_job(), deduplication_id=message.key
        )
        await self._claims.mark_published(claim)
"""


def judged(
    folder: Path, check: str, part: str, code: str, limits: RateLimits | None = None
) -> Verdict:
    """The verdict on the reference bot with another part."""
    (folder / "other_bot.py").write_text(BOT.format(part=part, code=code))
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml", app="other_bot:app")
    if limits is not None:
        profile = replace(profile, limits=limits)
    certificate = certify(profile, root=folder, seed=1, only=[check])
    assert certificate.problems == ()
    (verdict,) = certificate.verdicts
    return verdict


def replies(*times: float) -> list[Entry]:
    """A reply to u0, u1, ... each, in this order."""
    return [entry(seq, "reply", at, f"u{seq}") for seq, at in enumerate(times)]


def flood(
    messages: tuple[UserMessage, ...], entries: Sequence[Entry], excess: Excess = "delay"
) -> Verdict:
    limits = replace(LIMITS, excess=excess, notice="" if excess == "delay" else NOTICE)
    run = Conversation("one user", Record(tuple(entries), ()), messages)
    return rate_limit(replace(PROFILE, limits=limits), [run])


# -- windows ---------------------------------------------------------------------------------------


def test_window__does_not_hold_its_own_end() -> None:
    assert len(most_within(replies(0.0, 60.0), 60.0)) == 1
    assert len(most_within(replies(0.0, 59.999), 60.0)) == 2


def test_window__is_the_fullest_of_all_wherever_it_begins() -> None:
    found = most_within(replies(0.0, 50.0, 59.0, 61.0, 62.0, 130.0), 60.0)
    assert [one.time for one in found] == [50.0, 59.0, 61.0, 62.0]
    assert most_within([], 60.0) == []


# -- rate-limit ------------------------------------------------------------------------------------


def test_rate_limit__delayed_replies_pass() -> None:
    verdict = flood(written(0.0, 1.0, 2.0), replies(0.1, 1.1, 60.2))
    assert verdict.result == "passed"
    assert verdict.expected == "3 messages, at most 2 replies in any 60 s, the rest later"
    assert verdict.observed == "3 messages, 0 publishes, 3 replies, at most 2 in 60 s"


def test_rate_limit__exceeded_shows_when() -> None:
    verdict = flood(written(0.0, 1.0, 2.0), replies(0.1, 1.1, 60.0))
    assert verdict.result == "failed"
    assert verdict.evidence == ("3 replies between t=0.100 and t=60.000",)


def test_rate_limit__silence_is_a_loss() -> None:
    verdict = flood(written(0.0, 1.0, 2.0, 3.0, 4.0), replies(0.1, 1.1))
    assert verdict.evidence == (
        'u2 "hi" (mid-2-lo...) was never answered',
        'u3 "hi" (mid-3-lo...) was never answered',
        "and so with 1 more",
    )


def test_rate_limit__more_publishes_than_messages_fail() -> None:
    published = [entry(9, "publish", 1.0, "u1"), entry(10, "publish", 2.0, "u1")]
    verdict = flood(written(0.0, 1.0), [*replies(0.1, 1.1), *published])
    assert verdict.evidence == ("u1 was published 2 times",)


def test_notice__once_does_for_all_that_was_written_about_then() -> None:
    told = entry(7, "reply", 2.5, "u2", text="Please slow down!")
    verdict = flood(written(0.0, 1.0, 2.0, 3.0, 60.0), [*replies(0.1, 1.1), told], "notice")
    assert verdict.result == "passed"
    assert verdict.observed.endswith(", 2 replies, at most 2 in 60 s, 1 notice")


def test_notice__of_long_ago_tells_nobody() -> None:
    told = entry(7, "reply", 2.5, "u2", text=NOTICE)
    verdict = flood(written(0.0, 1.0, 2.0, 70.0), [*replies(0.1, 1.1), told], "notice")
    assert verdict.evidence == ('u3 "hi" (mid-3-lo...) was never answered, and nobody was told',)


def test_notice__twice_in_a_minute_is_one_too_many() -> None:
    told = [entry(7, "reply", 2.5, "u2", text=NOTICE), entry(8, "reply", 3.5, "u3", text=NOTICE)]
    verdict = flood(written(0.0, 1.0, 2.0, 3.0), [*replies(0.1, 1.1), *told], "notice")
    assert verdict.evidence == ("the user was told twice between t=2.500 and t=3.500",)


def test_drop_with_reply__refuses_each_once() -> None:
    told = [entry(7, "reply", 2.5, "u2", text=NOTICE), entry(8, "reply", 3.5, "u3", text=NOTICE)]
    sent = [*replies(0.1, 1.1), *told]
    messages = written(0.0, 1.0, 2.0, 3.0)
    assert flood(messages, sent, "drop-with-reply").result == "passed"
    verdict = flood(messages, [*sent, entry(9, "reply", 4.0, "u3", text=NOTICE)], "drop-with-reply")
    assert verdict.evidence == ('u3 "hi" (mid-3-lo...) was refused 2 times',)


def test_drop_with_reply__does_not_answer_what_it_refuses() -> None:
    told = entry(7, "reply", 2.5, "u1", text=NOTICE)
    verdict = flood(written(0.0, 1.0), [*replies(0.1, 1.1), told], "drop-with-reply")
    assert verdict.evidence == ('u1 "hi" (mid-1-lo...) was answered and refused',)


def test_calendar_minutes__let_twice_as_many_through(tmp_path: Path) -> None:
    verdict = judged(tmp_path, "rate-limit", "claims", CALENDAR_MINUTES)
    assert verdict.result == "failed"
    assert verdict.evidence[0].split()[1:3] == ["replies", "between"]


@pytest.mark.parametrize(
    ("excess", "code"), [("notice", TELLS_ONCE), ("drop-with-reply", REFUSES_EACH)]
)
def test_bot_that_says_so__passes(tmp_path: Path, excess: Excess, code: str) -> None:
    limits = RateLimits(messages_per_user_minute=10, excess=excess, notice=NOTICE)
    assert judged(tmp_path, "rate-limit", "webhook", code, limits).result == "passed"


def test_bot_that_refuses__does_not_keep_a_promise_to_delay(tmp_path: Path) -> None:
    limits = RateLimits(messages_per_user_minute=10)
    verdict = judged(tmp_path, "rate-limit", "webhook", REFUSES_EACH, limits)
    assert verdict.observed == "30 messages, 30 publishes, 30 replies, at most 30 in 60 s"


# -- breaker ---------------------------------------------------------------------------------------


def overrun(entries: Sequence[Entry]) -> Verdict:
    early, late, new = (
        replace(one, root=f"u{n}", psid=f"p{n}") for n, one in enumerate(written(0.0, 3e3, 4e3))
    )
    run = Overrun("many users", Record(tuple(entries), ()), (early,), (late,), (new,), 5e3)
    return breaker(PROFILE, [run])


def answers(*times: float) -> list[Entry]:
    return [entry(seq, "reply", at, f"u{seq}", to=f"p{seq}") for seq, at in enumerate(times)]


def test_breaker__answers_are_matched_by_recipient() -> None:
    released = entry(5, "reply", 3_500.0, "u2", to="p1")
    verdict = overrun([*answers(1.0), released, entry(6, "reply", 4_001.0, "u2", to="p2")])
    assert verdict.result == "passed"
    assert verdict.expected == "3 messages, at most 3 publishes in any hour, all answered"


def test_breaker__counts_any_hour() -> None:
    times = (100.0, 200.0, 3_650.0, 3_699.0)
    published = [entry(seq, "publish", at, "u0") for seq, at in enumerate(times)]
    verdict = overrun([*answers(1.0, 3_001.0, 4_001.0), *published])
    assert verdict.evidence == ("4 publishes between t=100.000 and t=3699.000",)


def test_breaker__says_who_was_forgotten_and_who_waited_too_long() -> None:
    verdict = overrun(answers(1.0, 5_001.0))
    assert verdict.observed == "3 messages, at most 0 publishes in an hour, 2 not answered in time"
    assert verdict.evidence == (
        "1 of the 1 messages written beyond the limit (t=3000 to 3000) were answered after t=5000 "
        "only: u1",
        "1 of the 1 messages written 600 s later (t=4000 to 4000) were never answered: u2",
    )


def test_breaker__doubled_answers_fail() -> None:
    verdict = overrun([*answers(1.0, 3_001.0, 4_001.0), *answers(2.0)])
    assert verdict.evidence == (
        "1 of the 1 messages written before the limit was reached (t=0 to 0) were answered too "
        "often: u0",
    )


def test_breaker__that_refuses_until_there_is_room_passes(tmp_path: Path) -> None:
    verdict = judged(tmp_path, "breaker", "claims", REFUSING_BREAKER)
    assert verdict.result == "passed"
    assert verdict.observed.endswith("0 not answered in time")


def test_breaker__of_calendar_hours_lets_more_through(tmp_path: Path) -> None:
    verdict = judged(tmp_path, "breaker", "claims", CALENDAR_HOURS)
    assert verdict.result == "failed"
    assert verdict.evidence[0].split()[1:3] == ["publishes", "between"]


# -- needs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "profile", "why"),
    [
        (
            "rate-limit",
            replace(PROFILE, limits=RateLimits()),
            "[limits] messages_per_user_minute in the profile: what one user may cost",
        ),
        (
            "rate-limit",
            replace(PROFILE, limits=RateLimits(messages_per_user_minute=700)),
            "[limits] messages_per_user_minute that 1,000 messages exceed: thrice writes no more",
        ),
        (
            "rate-limit",
            PROFILE,
            "[limits] publishes_per_hour of at least 60: below that the breaker may open while one "
            "user writes",
        ),
        (
            "breaker",
            replace(PROFILE, limits=RateLimits(publishes_per_hour=9)),
            "[limits] publishes_per_hour and breaker_recovery_s in the profile: where the bot's "
            "breaker opens",
        ),
        (
            "breaker",
            replace(PROFILE, limits=replace(LIMITS, publishes_per_hour=1_000)),
            "[limits] publishes_per_hour that 1,000 messages exceed: thrice writes no more",
        ),
        (
            "breaker",
            replace(PROFILE, expect=Expect(replies=0)),
            "[expect] replies above 0: the bot does not answer",
        ),
        (
            "breaker",
            replace(
                PROFILE, expect=Expect(publishes=2), limits=replace(LIMITS, publishes_per_hour=39)
            ),
            "[limits] publishes_per_hour of at least 40: fewer leave no room to recover",
        ),
        (
            "plan-budget",
            replace(PROFILE, plan=None),
            "[plan] in the profile: what pays for the queue, and for how many messages",
        ),
    ],
)
def test_needs(check: str, profile: Profile, why: str) -> None:
    assert CATALOGUE[check].lacks(profile, "simulated", True) == why


@pytest.mark.parametrize(
    ("check", "judged_live"),
    [("rate-limit", False), ("breaker", False), ("plan-budget", True), ("no-growth", True)],
)
def test_live__only_what_counts_no_time_is_judged(check: str, judged_live: bool) -> None:
    profile = replace(PROFILE, limits=replace(LIMITS, publishes_per_hour=60))
    assert CATALOGUE[check].lacks(profile, "simulated", True) is None
    why = CATALOGUE[check].lacks(profile, "attached", False)
    assert (why is None) == judged_live
    assert why in (
        None,
        "a simulated run, or a bot whose clock follows the world's, by which the limit is counted: "
        'that of a command in Node does, of another one with [bot] clock = "libfaketime"',
    )


@pytest.mark.parametrize("check", ["rate-limit", "breaker"])
def test_live__a_clock_that_follows_is_all_that_limits_need(check: str) -> None:
    profile = replace(PROFILE, limits=replace(LIMITS, publishes_per_hour=60))
    assert CATALOGUE[check].lacks(profile, "live", True) is None


def test_live__a_clock_that_follows_does_not_make_waiting_short() -> None:
    assert CATALOGUE["queue-hangs"].lacks(PROFILE, "live", True) == CATALOGUE["queue-hangs"].live
