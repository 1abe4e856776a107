"""Each broken bot has its bug, and works where the bug is not."""

import asyncio
import json

import httpx
import pytest
from starlette.applications import Starlette

from reference_bot.broken import (
    background_task,
    check_publish_set,
    check_then_set,
    consumer_not_idempotent,
    echo_not_filtered,
    in_memory_dedup,
    incident,
    publish_after_response,
    queue_dedup_only,
    slow_acknowledgement,
    thread_after_response,
)
from tests.reference_bot.outside import (
    SETTINGS,
    Outside,
    deliver,
    queue_token,
    request,
    run,
    text_item,
    webhook_body,
)

BODY = webhook_body(text_item())
CALLBACK = "/api/internal/delayed-response"


def call_back(app: Starlette, outside: Outside, which: int) -> httpx.Response:
    """Deliver a published callback."""
    body = json.dumps(outside.published[which].body).encode()
    token = queue_token(body, path=CALLBACK)
    (reply,) = run(request(app, "POST", CALLBACK, body, upstash_signature=token))
    return reply


@pytest.mark.parametrize(
    "module",
    [
        background_task,
        check_publish_set,
        check_then_set,
        consumer_not_idempotent,
        echo_not_filtered,
        in_memory_dedup,
        incident,
        publish_after_response,
        queue_dedup_only,
        slow_acknowledgement,
        thread_after_response,
    ],
)
def test_every_bot_passes_the_handshake(module: object) -> None:
    app = module.create_app(SETTINGS, http=Outside().client())  # type: ignore[attr-defined]
    path = "/api/messenger?hub.mode=subscribe&hub.challenge=1&hub.verify_token=verify-me"
    (reply,) = run(request(app, "GET", path))
    assert (reply.status_code, reply.text) == (200, "1")


def test_check_then_set_publishes_once_for_one_delivery_after_the_other() -> None:
    outside = Outside()
    app = check_then_set.create_app(SETTINGS, http=outside.client())
    for _ in range(3):
        run(deliver(app, BODY))
    assert len(outside.published) == 1


def test_check_then_set_publishes_three_times_for_three_at_once() -> None:
    outside = Outside()
    app = check_then_set.create_app(SETTINGS, http=outside.client())
    run(*[deliver(app, BODY) for _ in range(3)])
    assert len(outside.published) == 3


@pytest.mark.parametrize("module", [check_publish_set, in_memory_dedup])
def test_weak_claim_publishes_once_when_nothing_is_in_its_way(module: object) -> None:
    outside = Outside()
    app = module.create_app(SETTINGS, http=outside.client())  # type: ignore[attr-defined]
    for _ in range(3):
        run(deliver(app, BODY))
    assert len(outside.published) == 1


def test_queue_dedup_only_publishes_every_time_with_one_id() -> None:
    outside = Outside()
    app = queue_dedup_only.create_app(SETTINGS, http=outside.client())
    for _ in range(3):
        run(deliver(app, BODY))
    assert outside.calls.count("publish") == 3
    assert len(outside.published) == 1


def test_publish_after_response_has_published_nothing_when_it_answers() -> None:
    outside = Outside()
    app = publish_after_response.create_app(SETTINGS, http=outside.client())

    async def freeze_after_the_answer() -> list[str]:
        await deliver(app, BODY)
        return list(outside.calls)

    calls = asyncio.run(freeze_after_the_answer())
    assert calls == ["read", "commit"]
    assert outside.published == []


def test_publish_after_response_works_when_nothing_freezes_it() -> None:
    outside = Outside()
    app = publish_after_response.create_app(SETTINGS, http=outside.client())

    async def run_on() -> None:
        await deliver(app, BODY)
        for _ in range(20):
            await asyncio.sleep(0)

    asyncio.run(run_on())
    assert len(outside.published) == 1


def test_incident_schedules_a_callback_for_each_copy_that_comes_at_once() -> None:
    outside = Outside()
    app = incident.create_app(SETTINGS, http=outside.client())
    run(*[deliver(app, BODY) for _ in range(3)])
    urls = {each.url for each in outside.published}
    assert urls == {"https://bot.example/api/internal/delayed-response"}
    assert [each.headers["upstash-delay"] for each in outside.published] == ["10s"] * 3


def test_incident_triggers_itself_without_end() -> None:
    outside = Outside()
    app = incident.create_app(SETTINGS, http=outside.client())
    run(deliver(app, BODY))
    for level in range(5):
        assert call_back(app, outside, level).status_code == 200
        trigger = outside.posted[level]
        assert b'"__trigger_only": true' in trigger
        run(deliver(app, trigger))
    assert len(outside.published) == 6


def test_incident_answers_what_has_accumulated_once() -> None:
    outside = Outside()
    app = incident.create_app(SETTINGS, http=outside.client())
    run(deliver(app, BODY))
    run(deliver(app, webhook_body(text_item("m_2", text="there"))))
    assert len(outside.published) == 1
    for level in range(2):
        call_back(app, outside, level)
        run(deliver(app, outside.posted[level]))
    assert [sent["message"]["text"] for sent in outside.sent] == ["You said: hi\nthere"]


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.ConnectError("refused")])
def test_incident_has_the_queue_retry_a_failed_trigger(answer: httpx.Response | Exception) -> None:
    outside = Outside()
    app = incident.create_app(SETTINGS, http=outside.client())
    run(deliver(app, BODY))
    outside.fault = lambda kind: answer if kind == "self" else None
    assert call_back(app, outside, 0).status_code == 503


def test_incident_refuses_a_forged_callback() -> None:
    outside = Outside()
    app = incident.create_app(SETTINGS, http=outside.client())
    (reply,) = run(request(app, "POST", CALLBACK, b'{"senderId":"100"}'))
    assert reply.status_code == 401
    assert outside.calls == []
