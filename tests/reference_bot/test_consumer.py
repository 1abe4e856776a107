"""The queue's side: one reply for each message, however often it is delivered."""

from typing import Any

import httpx
import pytest

from tests.reference_bot.conftest import Clock
from tests.reference_bot.outside import (
    NOW,
    Outside,
    consume,
    job,
    make_app,
    queue_token,
    request,
    run,
)

PATH = "/api/process-message"
RECORD = "processedMessages/m_1"


@pytest.fixture
def outside() -> Outside:
    """An outside with one published message."""
    outside = Outside()
    outside.put(RECORD, state="published", mid="m_1", due=NOW)
    return outside


def test_a_message_takes_four_calls_and_is_answered(outside: Outside) -> None:
    (reply,) = run(consume(make_app(outside), job()))
    assert reply.status_code == 200
    assert outside.calls == ["read", "commit", "send", "commit"]
    assert outside.sent == [
        {
            "messaging_type": "RESPONSE",
            "recipient": {"id": "100"},
            "message": {"text": "You said: hi"},
        }
    ]
    assert outside.fields(RECORD)["state"] == "answered"


def test_a_record_that_is_only_claimed_is_answered_too(outside: Outside) -> None:
    outside.put(RECORD, state="claimed", due=NOW)
    run(consume(make_app(outside), job()))
    assert len(outside.sent) == 1


def test_a_message_without_a_record_is_answered_and_recorded() -> None:
    outside = Outside()
    run(consume(make_app(outside), job()))
    assert len(outside.sent) == 1
    assert outside.fields(RECORD)["state"] == "answered"


def test_a_reply_is_never_longer_than_the_platform_takes(outside: Outside) -> None:
    run(consume(make_app(outside), job(text="x" * 2000)))
    assert len(outside.sent[0]["message"]["text"]) == 2000


@pytest.mark.parametrize("owner", ["msg_a", "msg_b"])
def test_an_answered_message_is_not_answered_again(outside: Outside, owner: str) -> None:
    app = make_app(outside)
    run(consume(app, job()))
    (reply,) = run(consume(app, job(), owner=owner, retried=1))
    assert reply.status_code == 200
    assert len(outside.sent) == 1


def test_two_copies_at_once_are_answered_once(outside: Outside) -> None:
    app = make_app(outside)
    replies = run(consume(app, job()), consume(app, job()))
    assert sorted(reply.status_code for reply in replies) == [200, 503]
    assert len(outside.sent) == 1


def test_two_queue_messages_at_once_are_answered_once(outside: Outside) -> None:
    app = make_app(outside)
    replies = run(consume(app, job()), consume(app, job(), owner="msg_b"))
    assert sorted(reply.status_code for reply in replies) == [200, 503]
    assert len(outside.sent) == 1


@pytest.mark.parametrize("kind", ["read", "commit", "send"])
@pytest.mark.parametrize(
    "answer", [httpx.Response(500), httpx.Response(400), httpx.ConnectError("refused")]
)
def test_a_failed_attempt_is_retried_at_once(
    outside: Outside, kind: str, answer: httpx.Response | Exception
) -> None:
    outside.fault = lambda name: answer if name == kind else None
    app = make_app(outside)
    assert run(consume(app, job()))[0].status_code == 503
    outside.fault = lambda _: None
    assert run(consume(app, job(), retried=1))[0].status_code == 200
    assert len(outside.sent) == 1


def test_a_lost_answer_to_the_claim_lets_the_retry_in(outside: Outside) -> None:
    outside.lost = {"commit"}
    app = make_app(outside)
    assert run(consume(app, job()))[0].status_code == 503
    outside.lost.clear()
    assert run(consume(app, job(), retried=1))[0].status_code == 200
    assert len(outside.sent) == 1


def test_a_failing_mark_does_not_bring_the_queue_back(outside: Outside) -> None:
    def after_sending(kind: str) -> httpx.Response | None:
        return httpx.Response(503) if kind == "commit" and outside.sent else None

    outside.fault = after_sending
    (reply,) = run(consume(make_app(outside), job()))
    assert reply.status_code == 200
    assert outside.fields(RECORD)["state"] == "answering"


def test_the_same_attempt_again_waits_for_the_first(outside: Outside, clock: Clock) -> None:
    outside.fault = lambda kind: httpx.ReadTimeout("gone") if kind == "send" else None
    app = make_app(outside)
    run(consume(app, job()))
    outside.fault = lambda _: None
    clock.advance(14)
    assert run(consume(app, job()))[0].status_code == 503
    clock.advance(2)
    assert run(consume(app, job()))[0].status_code == 200


def test_a_dead_letter_that_is_retried_is_answered(outside: Outside, clock: Clock) -> None:
    outside.fault = lambda kind: httpx.Response(500) if kind == "send" else None
    app = make_app(outside)
    for retried in range(4):
        run(consume(app, job(), retried=retried))
    outside.fault = lambda _: None
    clock.advance(60)
    assert run(consume(app, job(), owner="msg_from_the_dead"))[0].status_code == 200
    assert len(outside.sent) == 1


def test_the_webhooks_mark_in_between_is_no_obstacle(outside: Outside) -> None:
    marked = False

    def mark(kind: str) -> None:
        nonlocal marked
        if kind == "commit" and not marked:
            marked = True
            outside.put(RECORD, state="published")

    outside.put(RECORD, state="claimed")
    outside.fault = mark
    assert run(consume(make_app(outside), job()))[0].status_code == 200
    assert outside.calls == ["read", "commit", "read", "commit", "send", "commit"]
    assert len(outside.sent) == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "Somebody"},
        {"sub": "https://bot.example/api/messenger"},
        {"exp": 1_700_000_100},
        {"body": "x"},
        {"body": 5},
    ],
    ids=["issuer", "address", "expired", "body", "odd body"],
)
def test_a_token_for_something_else_has_no_effect(outside: Outside, claims: dict[str, Any]) -> None:
    token = queue_token(job(), **claims)
    app = make_app(outside)
    (reply,) = run(
        request(app, "POST", PATH, job(), upstash_signature=token, upstash_message_id="msg_a")
    )
    assert reply.status_code == 401
    assert outside.calls == []


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\xe4"])
def test_no_token_has_no_effect(outside: Outside, token: str) -> None:
    (reply,) = run(request(make_app(outside), "POST", PATH, job(), upstash_signature=token))
    assert reply.status_code == 401
    assert outside.calls == []


def test_another_body_than_the_signed_one_has_no_effect(outside: Outside) -> None:
    token = queue_token(job())
    app = make_app(outside)
    (reply,) = run(request(app, "POST", PATH, job(text="hj"), upstash_signature=token))
    assert reply.status_code == 401


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"mid":"m_1"}', b'{"mid":1,"sender":2}'])
def test_a_body_that_is_not_ours_goes_to_the_dead_letters(outside: Outside, body: bytes) -> None:
    (reply,) = run(consume(make_app(outside), body))
    assert reply.status_code == 489
    assert reply.headers["upstash-nonretryable-error"] == "true"
    assert outside.calls == []


def test_an_odd_retry_counter_counts_as_none(outside: Outside) -> None:
    token = queue_token(job())
    app = make_app(outside)
    headers = {"upstash_signature": token, "upstash_message_id": "m", "upstash_retried": "many"}
    (reply,) = run(request(app, "POST", PATH, job(), **headers))
    assert reply.status_code == 200
