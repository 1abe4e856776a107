"""The platform's side: the handshake, the signature, and one publish for each message."""

import asyncio
import json
from itertools import count

import httpx
import pytest

from reference_bot.webhook import sign
from tests.reference_bot.conftest import Clock
from tests.reference_bot.outside import (
    SETTINGS,
    Fault,
    Outside,
    deliver,
    make_app,
    request,
    run,
    text_item,
    webhook_body,
)

BODY = webhook_body(text_item())
HANDSHAKE = "/api/messenger?hub.challenge=1158201444&hub.mode=subscribe&hub.verify_token="


def nth(kind: str, which: int, answer: httpx.Response | Exception) -> Fault:
    """Answer the which-th call of a kind, counted from 0, in the service's stead."""
    numbers = count()
    return lambda name: answer if name == kind and next(numbers) == which else None


def test_the_handshake_echoes_the_challenge() -> None:
    (reply,) = run(request(make_app(Outside()), "GET", HANDSHAKE + "verify-me"))
    assert (reply.status_code, reply.text) == (200, "1158201444")
    assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("token", ["", "wrong", "verify-m%C3%A9", "%ff"])
def test_a_wrong_verify_token_gets_no_echo(token: str) -> None:
    (reply,) = run(request(make_app(Outside()), "GET", HANDSHAKE + token))
    assert reply.status_code == 403
    assert "1158201444" not in reply.text


def test_another_mode_gets_no_echo() -> None:
    path = HANDSHAKE.replace("subscribe", "other") + "verify-me"
    (reply,) = run(request(make_app(Outside()), "GET", path))
    assert reply.status_code == 403


def test_the_signature_is_the_one_the_platform_makes() -> None:
    body = (
        rb'{"object":"page","entry":[{"time":1790000000123,"id":"1000000000001","messaging":[{"sender"'
        rb':{"id":"26628309676818465"},"recipient":{"id":"1000000000001"},"timestamp":1790000000001,'
        rb'"message":{"mid":"m_T0","text":"\u00e4\u00f6\u00e5 \/ ok"}}]}]}'
    )
    known = "daa794bff12248b9479faae48f328e71933857d4da55ebf110301d6551f11fa5"
    assert sign("test_app_secret", body) == f"sha256={known}"


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        sign("other", BODY),
        sign(SETTINGS.app_secret, BODY)[:-1],
        sign(SETTINGS.app_secret, BODY + b" "),
        "sha256=\xe4",
    ],
    ids=["missing", "empty", "other secret", "cut", "other body", "not ascii"],
)
def test_a_forged_webhook_has_no_effect(signature: str) -> None:
    outside = Outside()
    app = make_app(outside)
    (reply,) = run(request(app, "POST", "/api/messenger", BODY, x_hub_signature_256=signature))
    assert reply.status_code == 403
    assert outside.calls == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"object":"page","entry":5}', b"\xff"])
def test_a_genuine_webhook_that_is_not_understood_is_accepted(body: bytes) -> None:
    outside = Outside()
    (reply,) = run(deliver(make_app(outside), body))
    assert reply.status_code == 200
    assert outside.calls == []


def test_a_message_takes_four_calls() -> None:
    outside = Outside()
    (reply,) = run(deliver(make_app(outside), BODY))
    assert reply.status_code == 200
    assert outside.calls == ["read", "commit", "publish", "commit"]
    assert outside.published[0].url == "https://bot.example/api/process-message"
    assert outside.published[0].body == {"mid": "m_1", "sender": "100", "text": "hi"}
    assert outside.fields("processedMessages/m_1")["state"] == "published"


def test_three_copies_at_once_make_one_publish_and_one_record() -> None:
    outside = Outside()
    app = make_app(outside)
    replies = run(*[deliver(app, BODY) for _ in range(3)])
    assert [reply.status_code for reply in replies] == [200, 200, 200]
    assert len(outside.published) == 1
    # The record, the user's limit and the two counts; and the record once more: the losers wrote
    # nothing.
    assert len(outside.documents) == 4
    assert outside.versions == 5


def test_a_later_copy_costs_one_read(clock: Clock) -> None:
    outside = Outside()
    app = make_app(outside)
    run(deliver(app, BODY))
    outside.calls.clear()
    clock.advance(59 * 60)
    run(deliver(app, BODY.replace(b'"time": 2', b'"time": 9')))
    assert outside.calls == ["read"]


def test_ten_rapid_messages_make_ten_publishes_without_delay() -> None:
    outside = Outside()
    app = make_app(outside)
    bodies = [webhook_body(text_item(f"m_{at}")) for at in range(10)]
    replies = run(*[deliver(app, body) for body in bodies for _ in range(3)])
    assert {reply.status_code for reply in replies} == {200}
    assert sorted(each.body["mid"] for each in outside.published) == [f"m_{n}" for n in range(10)]
    assert not any("upstash-delay" in each.headers for each in outside.published)


def test_the_excess_is_delayed_and_not_dropped(clock: Clock) -> None:
    outside = Outside()
    app = make_app(outside)
    for at in range(30):
        run(deliver(app, webhook_body(text_item(f"m_{at}"))))
        clock.advance(0.5)
    delays = [each.headers.get("upstash-delay", "0s") for each in outside.published]
    assert delays == ["0s"] * 10 + ["57s"] * 10 + ["114s"] * 10


def test_the_limit_holds_for_messages_that_come_at_once(clock: Clock) -> None:
    outside = Outside()
    app = make_app(outside)
    run(*[deliver(app, webhook_body(text_item(f"m_{at}"))) for at in range(12)])
    delays = sorted(each.headers.get("upstash-delay", "0s") for each in outside.published)
    assert delays == ["0s"] * 10 + ["62s"] * 2


def test_users_do_not_delay_each_other(clock: Clock) -> None:
    outside = Outside()
    app = make_app(outside)
    for at in range(30):
        run(deliver(app, webhook_body(text_item(f"m_{at}", sender=str(at % 3)))))
    assert not any("upstash-delay" in each.headers for each in outside.published)


def test_a_batch_is_taken_whole() -> None:
    outside = Outside()
    (reply,) = run(deliver(make_app(outside), webhook_body(*map(text_item, ["m_1", "m_2"]))))
    assert reply.status_code == 200
    assert [each.body["mid"] for each in outside.published] == ["m_1", "m_2"]


@pytest.mark.parametrize("kind", ["read", "commit", "publish"])
@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.ConnectError("refused")])
def test_a_failure_is_redelivered_and_made_good(
    kind: str, answer: httpx.Response | Exception
) -> None:
    outside = Outside(fault=nth(kind, 0, answer))
    app = make_app(outside)
    assert run(deliver(app, BODY))[0].status_code == 503
    assert outside.published == []
    assert run(deliver(app, BODY))[0].status_code == 200
    assert len(outside.published) == 1


@pytest.mark.parametrize("kind", ["commit", "publish"])
def test_a_lost_answer_is_redelivered_without_a_second_publish(kind: str) -> None:
    outside = Outside(lost={kind})
    app = make_app(outside)
    assert run(deliver(app, BODY))[0].status_code == 503
    outside.lost.clear()
    assert run(deliver(app, BODY))[0].status_code == 200
    assert len(outside.published) == 1


def test_a_failing_mark_does_not_matter() -> None:
    outside = Outside(fault=nth("commit", 1, httpx.Response(503)))
    (reply,) = run(deliver(make_app(outside), BODY))
    assert reply.status_code == 200
    assert outside.fields("processedMessages/m_1")["state"] == "claimed"


def test_a_batch_stops_at_the_first_failure_and_is_completed_later() -> None:
    outside = Outside(fault=nth("publish", 1, httpx.ReadTimeout("silence")))
    app = make_app(outside)
    body = webhook_body(*map(text_item, ["m_1", "m_2", "m_3"]))
    assert run(deliver(app, body))[0].status_code == 503
    assert outside.calls.count("publish") == 2
    assert run(deliver(app, body))[0].status_code == 200
    assert [each.body["mid"] for each in outside.published] == ["m_1", "m_2", "m_3"]


def test_the_answer_comes_in_time_even_if_the_services_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reference_bot.webhook.ANSWER_WITHIN_S", 0.01)

    async def silent(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError(request)

    outside = Outside()
    monkeypatch.setattr(outside, "_answer", silent)
    (reply,) = run(deliver(make_app(outside), BODY))
    assert reply.status_code == 503


def test_a_claim_left_by_a_dead_handler_is_published_with_its_slot(clock: Clock) -> None:
    outside = Outside(fault=nth("publish", 0, httpx.ConnectError("gone")))
    app = make_app(outside)
    run(deliver(app, BODY))
    outside.calls.clear()
    clock.advance(30)
    assert run(deliver(app, BODY))[0].status_code == 200
    assert outside.calls == ["read", "publish"]


def test_a_claim_long_overdue_is_taken_over_with_a_new_slot(clock: Clock) -> None:
    outside = Outside(fault=nth("publish", 0, httpx.ConnectError("gone")))
    app = make_app(outside)
    run(deliver(app, BODY))
    before = outside.fields("processedMessages/m_1")["due"]
    outside.calls.clear()
    clock.advance(120)
    assert run(deliver(app, BODY))[0].status_code == 200
    assert outside.calls == ["read", "commit", "publish", "commit"]
    record = outside.fields("processedMessages/m_1")
    assert (record["state"], record["due"] - before) == ("published", 120)


def test_a_claim_taken_over_keeps_a_slot_that_is_still_to_come(clock: Clock) -> None:
    outside = Outside()
    app = make_app(outside)
    for at in range(29):
        run(deliver(app, webhook_body(text_item(f"m_{at}"))))
    outside.fault = nth("publish", 0, httpx.ConnectError("gone"))
    run(deliver(app, webhook_body(text_item("m_late"))))
    before = outside.fields("processedMessages/m_late")["due"]
    clock.advance(90)
    run(deliver(app, webhook_body(text_item("m_late"))))
    assert outside.fields("processedMessages/m_late")["due"] == before
    assert outside.published[-1].headers["upstash-delay"] == "34s"


def test_a_record_that_went_on_is_not_marked_back() -> None:
    outside = Outside()

    def overtake(kind: str) -> None:
        if kind == "publish":
            outside.put("processedMessages/m_1", state="answering")

    outside.fault = overtake
    assert run(deliver(make_app(outside), BODY))[0].status_code == 200
    assert outside.fields("processedMessages/m_1") == {"state": "answering"}


def test_an_echo_is_accepted_and_ignored() -> None:
    outside = Outside()
    item = text_item()
    item["message"]["is_echo"] = True
    assert run(deliver(make_app(outside), webhook_body(item)))[0].status_code == 200
    assert outside.calls == []


def test_a_long_text_is_published_as_far_as_a_reply_can_hold_it() -> None:
    outside = Outside()
    run(deliver(make_app(outside), webhook_body(text_item(text="x" * 1_000_000))))
    assert len(json.dumps(outside.published[0].body)) < 5000
