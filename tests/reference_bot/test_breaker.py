"""The circuit breaker: never more publishes in any hour than it allows, and nothing lost."""

import asyncio
import math
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_bot.breaker import (
    RELEASE_EVERY_S,
    RELEASE_MARGIN_S,
    RELEASES_PER_HOUR,
    WINDOW_S,
    Counts,
    next_release,
    read_counts,
)
from reference_bot.firestore import Document, StoreError
from reference_bot.records import expiry
from tests.reference_bot.conftest import Clock
from tests.reference_bot.outside import (
    NOW,
    Outside,
    deliver,
    make_app,
    run,
    text_item,
    webhook_body,
)

LIMIT = 12  # of which nine are kept for releases
RELEASE = "https://bot.example/api/answer-held"


def body(at: int) -> bytes:
    """A webhook with the message of a user who writes only this one."""
    return webhook_body(text_item(f"m_{at}", sender=str(100 + at)))


def states(outside: Outside) -> list[str]:
    """The states of all records."""
    return [
        outside.fields(f"processedMessages/{each}")["state"]
        for each in outside.ids("processedMessages")
    ]


def open_breaker(outside: Outside) -> None:
    """Have three other messages claimed this minute, which is all that the limit leaves room for.

    A field for each minute, and one of a minute long past.
    """
    minute = math.floor(NOW / 60)
    outside.put("breaker/publishes", total=50, m1=47, **{f"m{minute}": 3})


# -- the arithmetic --------------------------------------------------------------------------------


def test_a_claim_counts_for_more_than_an_hour() -> None:
    counts = Counts({10: 4, 11: 5}, 9)
    assert counts.within(10 * 60 + WINDOW_S) == 9
    assert counts.within(10 * 60 + WINDOW_S + 59.9) == 9
    assert counts.within(10 * 60 + WINDOW_S + 60) == 5


def test_a_clock_that_is_behind_counts_the_minutes_ahead() -> None:
    assert Counts({11: 5}, 5).within(10 * 60) == 5


def test_what_others_counted_meanwhile_is_seen_in_the_total() -> None:
    assert Counts({10: 4}, 100).after(10 * 60, [7, 103]) == 7


@pytest.mark.parametrize("values", [[], [1], ["x", "y"], [1, None]])
def test_a_store_that_does_not_say_what_it_counted_is_a_failure(values: list[Any]) -> None:
    with pytest.raises(StoreError, match=r"^the store did not say what it counted: "):
        Counts({}, 0).after(0.0, values)


def test_odd_fields_count_nothing() -> None:
    fields = {"total": "x", "m": 1, "mx": 2, "m5": "y", "m6": 3, "n7": 4}
    assert read_counts(Document(fields, "v")) == Counts({6: 3}, 0)


def test_no_document_is_no_claim() -> None:
    assert read_counts(None) == Counts({}, 0)


@settings(deadline=None)
@given(st.floats(0, 4e9))
def test_a_release_comes_after_what_it_is_for_and_within_nine_minutes(now: float) -> None:
    release = next_release(now)
    assert RELEASE_MARGIN_S <= release.due - now <= RELEASE_EVERY_S + RELEASE_MARGIN_S < 540


@settings(deadline=None)
@given(st.floats(0, 4e9), st.lists(st.floats(0, 3600), max_size=100))
def test_an_hour_has_no_more_releases_than_are_kept(start: float, moments: list[float]) -> None:
    keys = {next_release(start + moment).key for moment in [0.0, 3600.0, *moments]}
    assert len(keys) <= RELEASES_PER_HOUR


@settings(deadline=None)
@given(st.floats(0, 4e9), st.floats(0, 4e9))
def test_all_who_publish_a_release_do_so_within_the_queues_window(one: float, other: float) -> None:
    if abs(one - other) > 480:
        assert next_release(one).key != next_release(other).key


# -- the webhook -----------------------------------------------------------------------------------


def test_a_message_over_the_limit_is_held_and_its_release_published(clock: Clock) -> None:
    outside = Outside()
    open_breaker(outside)
    (reply,) = run(deliver(make_app(outside, publishes_per_hour=LIMIT), body(0)))
    assert reply.status_code == 200
    assert outside.calls == ["read", "commit", "publish"]
    (published,) = outside.published
    assert published.url == RELEASE
    assert published.headers["upstash-delay"] == "510s"
    assert states(outside) == ["held"]
    assert outside.ids("heldMessages") == [f"0{NOW * 1000:.0f}-m_0"]


def test_a_held_message_can_be_answered_from_what_is_stored(clock: Clock) -> None:
    outside = Outside()
    open_breaker(outside)
    run(deliver(make_app(outside, publishes_per_hour=LIMIT), body(0)))
    (name,) = outside.ids("heldMessages")
    fields = outside.fields(f"heldMessages/{name}")
    assert fields == {
        "mid": "m_0",
        "sender": "100",
        "text": "hi",
        "expires_at": expiry(NOW).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }


def test_three_copies_over_the_limit_are_held_once(clock: Clock) -> None:
    outside = Outside()
    open_breaker(outside)
    app = make_app(outside, publishes_per_hour=LIMIT)
    replies = run(*[deliver(app, body(0)) for _ in range(3)])
    assert [reply.status_code for reply in replies] == [200, 200, 200]
    assert len(outside.published) == 1
    assert len(outside.ids("heldMessages")) == 1


def test_all_who_are_held_share_one_release(clock: Clock) -> None:
    outside = Outside()
    open_breaker(outside)
    app = make_app(outside, publishes_per_hour=LIMIT)
    for at in range(20):
        run(deliver(app, body(at)))
        clock.advance(20)
    assert len(outside.published) == 1
    assert len(outside.ids("heldMessages")) == 20


def test_twenty_at_once_do_not_exceed_the_limit_by_one(clock: Clock) -> None:
    outside = Outside()
    app = make_app(outside, publishes_per_hour=LIMIT)
    replies = run(*[deliver(app, body(at)) for at in range(20)])
    assert {reply.status_code for reply in replies} == {200}
    assert sum(each.url != RELEASE for each in outside.published) == LIMIT - RELEASES_PER_HOUR
    assert sorted(states(outside)) == ["held"] * 17 + ["published"] * 3


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 25), min_size=1, max_size=60))
def test_copies_in_any_order_and_company_do_not_exceed_it(order: list[int]) -> None:
    outside = Outside()
    app = make_app(outside, publishes_per_hour=LIMIT)

    async def redelivered(at: int) -> httpx.Response:
        for _ in range(50):
            reply = await deliver(app, body(at))
            if reply.status_code == 200:
                break
            await asyncio.sleep(0)
        return reply

    requests: list[Coroutine[Any, Any, httpx.Response]] = [redelivered(at) for at in order]
    assert {reply.status_code for reply in run(*requests)} == {200}
    direct = [each.body["mid"] for each in outside.published if each.url != RELEASE]
    held = [name.partition("-")[2] for name in outside.ids("heldMessages")]
    assert len(direct) <= LIMIT - RELEASES_PER_HOUR
    assert sorted(direct + held) == sorted({f"m_{at}" for at in order})


def test_it_closes_when_the_hour_is_over(clock: Clock) -> None:
    outside = Outside()
    app = make_app(outside, publishes_per_hour=LIMIT)
    for at in range(3):
        run(deliver(app, body(at)))
    clock.advance(3_600)
    run(deliver(app, body(3)))
    clock.advance(WINDOW_S + 60 - 3_600)
    run(deliver(app, body(4)))
    assert states(outside) == ["published"] * 3 + ["held", "published"]


def test_counts_long_past_are_forgotten(clock: Clock) -> None:
    outside = Outside()
    open_breaker(outside)
    clock.advance(86_400)
    run(deliver(make_app(outside, publishes_per_hour=LIMIT), body(0)))
    minute = math.floor(clock.now / 60)
    assert outside.fields("breaker/publishes") == {"total": "51", f"m{minute}": "1"}


def test_a_failed_release_is_made_good_by_the_redelivery(clock: Clock) -> None:
    outside = Outside(fault=lambda kind: httpx.Response(500) if kind == "publish" else None)
    open_breaker(outside)
    app = make_app(outside, publishes_per_hour=LIMIT)
    assert run(deliver(app, body(0)))[0].status_code == 503
    outside.fault = lambda _: None
    outside.calls.clear()
    assert run(deliver(app, body(0)))[0].status_code == 200
    assert outside.calls == ["read", "publish"]
    assert [each.url for each in outside.published] == [RELEASE]


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.ReadTimeout("silence")])
def test_a_message_that_could_not_be_held_is_redelivered(
    clock: Clock, answer: httpx.Response | Exception
) -> None:
    outside = Outside(fault=lambda kind: answer if kind == "commit" else None)
    open_breaker(outside)
    app = make_app(outside, publishes_per_hour=LIMIT)
    assert run(deliver(app, body(0)))[0].status_code == 503
    assert outside.published == []


def test_a_claim_too_many_that_was_left_is_not_published_by_a_copy(clock: Clock) -> None:
    outside = Outside()
    open_breaker(outside)
    outside.put("breaker/publishes", total=4, **{f"m{math.floor(NOW / 60)}": 4})
    outside.put("processedMessages/m_0", state="claimed", claimed_at=NOW, due=NOW)
    app = make_app(outside, publishes_per_hour=LIMIT)
    assert run(deliver(app, body(0)))[0].status_code == 503
    clock.advance(61)
    assert run(deliver(app, body(0)))[0].status_code == 200
    assert [each.url for each in outside.published] == [RELEASE]
    assert states(outside) == ["held"]


def test_a_claim_that_is_taken_over_is_counted_again(clock: Clock) -> None:
    outside = Outside(fault=lambda kind: httpx.Response(500) if kind == "publish" else None)
    app = make_app(outside, publishes_per_hour=LIMIT)
    for _ in range(3):
        run(deliver(app, body(0)))
        clock.advance(61)
    outside.fault = lambda _: None
    run(deliver(app, body(0)))
    assert outside.fields("breaker/publishes")["total"] == "3"
    assert [each.url for each in outside.published] == [RELEASE]
