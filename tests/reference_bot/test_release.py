"""The release: every message that the circuit breaker held is answered once."""

from itertools import count
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tests.reference_bot.conftest import Clock
from tests.reference_bot.outside import (
    Fault,
    Outside,
    consume,
    job,
    make_app,
    queue_token,
    request,
    run,
)

PATH = "/api/answer-held"
BODY = b'{"release": "release-1"}'


def holding(number: int, *, senders: int = 1_000) -> Outside:
    """An outside with held messages, the oldest first."""
    outside = Outside()
    for at in range(number):
        hold(outside, f"m_{at:03d}", sender=str(100 + at % senders), at=at)
    return outside


def hold(outside: Outside, mid: str, *, sender: str = "100", at: int = 0) -> None:
    """Hold one message."""
    outside.put(f"processedMessages/{mid}", state="held", mid=mid, sender=sender)
    outside.put(f"heldMessages/{at:014d}-{mid}", mid=mid, sender=sender, text=mid)


def release(app: Starlette, *, owner: str = "msg_r", retried: int = 0) -> httpx.Response:
    """Deliver the release."""
    (reply,) = run(consume(app, BODY, owner=owner, retried=retried, path=PATH))
    return reply


def answered(outside: Outside) -> list[str]:
    """The texts that were answered, in order."""
    return [sent["message"]["text"].removeprefix("You said: ") for sent in outside.sent]


def nth(kind: str, which: int, answer: httpx.Response | Exception) -> Fault:
    """Answer the which-th call of a kind, counted from 0, in the service's stead."""
    numbers = count()
    return lambda name: answer if name == kind and next(numbers) == which else None


def test_all_held_messages_are_answered_and_let_go() -> None:
    outside = holding(25)
    assert release(make_app(outside)).status_code == 200
    assert sorted(answered(outside)) == [f"m_{at:03d}" for at in range(25)]
    assert outside.ids("heldMessages") == []
    states = {outside.fields(f"processedMessages/m_{at:03d}")["state"] for at in range(25)}
    assert states == {"answered"}


def test_a_reply_goes_to_the_user_who_wrote() -> None:
    outside = holding(3)
    release(make_app(outside))
    assert {(sent["recipient"]["id"], sent["message"]["text"]) for sent in outside.sent} == {
        (str(100 + at), f"You said: m_{at:03d}") for at in range(3)
    }


def test_a_held_message_takes_four_calls() -> None:
    outside = holding(1)
    release(make_app(outside))
    assert outside.calls == ["list", "read", "commit", "send", "commit"]


def test_nothing_held_takes_one_call() -> None:
    outside = Outside()
    assert release(make_app(outside)).status_code == 200
    assert outside.calls == ["list"]


def test_nothing_is_published() -> None:
    outside = holding(25)
    release(make_app(outside))
    assert outside.published == []


def test_a_user_is_answered_in_order_and_one_after_the_other() -> None:
    outside = holding(3, senders=1)
    release(make_app(outside))
    assert answered(outside) == ["m_000", "m_001", "m_002"]
    assert outside.calls == ["list", *["read", "commit", "send", "commit"] * 3]


def test_a_release_that_comes_twice_answers_once() -> None:
    outside = holding(5)
    app = make_app(outside)
    run(
        consume(app, BODY, path=PATH, owner="msg_r"),
        consume(app, BODY, path=PATH, owner="msg_s"),
    )
    assert len(outside.sent) == 5


def test_an_answered_message_is_only_let_go() -> None:
    outside = holding(1)
    app = make_app(outside)
    run(consume(app, job("m_000", text="m_000")))
    assert release(app).status_code == 200
    assert answered(outside) == ["m_000"]
    assert outside.ids("heldMessages") == []


@pytest.mark.parametrize("kind", ["list", "read", "commit", "send"])
@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.ConnectError("refused")])
def test_what_failed_is_answered_by_the_retry(
    kind: str, answer: httpx.Response | Exception
) -> None:
    outside = holding(5)
    outside.fault = nth(kind, 0, answer)
    app = make_app(outside)
    assert release(app).status_code == 503
    assert release(app, retried=1).status_code == 200
    assert sorted(answered(outside)) == [f"m_{at:03d}" for at in range(5)]


def test_a_refused_reply_does_not_keep_the_others_waiting() -> None:
    outside = holding(40)
    outside.fault = nth("send", 0, httpx.Response(400))
    reply = release(make_app(outside))
    assert (reply.status_code, "retry-after" in reply.headers) == (503, False)
    assert len(outside.sent) == 39
    assert outside.ids("heldMessages") == ["00000000000000-m_000"]


def test_a_store_in_trouble_is_not_called_for_all_of_them() -> None:
    outside = holding(100)
    outside.fault = lambda kind: httpx.Response(503) if kind == "read" else None
    assert release(make_app(outside)).status_code == 503
    assert outside.calls.count("read") == 10


def test_a_failing_mark_is_tried_again() -> None:
    outside = holding(1)
    outside.fault = nth("commit", 1, httpx.ReadTimeout("silence"))
    assert release(make_app(outside)).status_code == 200
    assert outside.ids("heldMessages") == []


def test_a_mark_whose_answer_was_lost_is_no_failure() -> None:
    outside = holding(1)

    def lose_the_mark(kind: str) -> None:
        outside.lost = {"commit"} if outside.sent else set()

    outside.fault = lose_the_mark
    assert release(make_app(outside)).status_code == 200
    assert answered(outside) == ["m_000"]
    assert outside.ids("heldMessages") == []


def test_what_one_invocation_can_not_do_is_left_to_the_next(clock: Clock) -> None:
    outside = holding(35)

    def slow(kind: str) -> None:
        clock.advance(0.3 if kind == "send" else 0.0)

    outside.fault = slow
    app = make_app(outside)
    reply = release(app)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    assert len(outside.sent) == 20
    assert release(app, retried=1).status_code == 200
    assert sorted(answered(outside)) == [f"m_{at:03d}" for at in range(35)]


def test_no_more_are_taken_on_than_one_invocation_may_call_for() -> None:
    outside = holding(210)
    reply = release(make_app(outside))
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
    assert len(outside.sent) == 200


def test_what_holds_no_message_is_passed_over() -> None:
    outside = holding(1)
    outside.put("heldMessages/0", text="of somebody else")
    assert release(make_app(outside)).status_code == 200
    assert answered(outside) == ["m_000"]


@pytest.mark.parametrize(
    "claims", [{"sub": "https://bot.example/api/process-message"}, {"body": "x"}]
)
def test_a_token_for_something_else_has_no_effect(claims: dict[str, Any]) -> None:
    outside = holding(1)
    token = queue_token(BODY, **{"sub": "https://bot.example" + PATH, **claims})
    headers = {"upstash_signature": token, "upstash_message_id": "msg_r"}
    (reply,) = run(request(make_app(outside), "POST", PATH, BODY, **headers))
    assert reply.status_code == 401
    assert outside.calls == []


def test_a_delivery_that_does_not_say_which_goes_to_the_dead_letters() -> None:
    outside = holding(1)
    headers = {"upstash_signature": queue_token(BODY, path=PATH)}
    (reply,) = run(request(make_app(outside), "POST", PATH, BODY, **headers))
    assert reply.status_code == 489
    assert outside.calls == []
