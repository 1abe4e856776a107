"""What goes to the queue, and what a failed publish looks like to the bot."""

import asyncio
from dataclasses import replace

import httpx
import pytest
import respx

from reference_bot.publisher import Publisher, PublishError
from tests.reference_bot.outside import SETTINGS, Outside


def test_a_publish_carries_all_the_queue_needs() -> None:
    outside = Outside()
    publisher = Publisher(SETTINGS, outside.client())
    asyncio.run(publisher.publish("/api/x", {"a": "ä"}, deduplication_id="m_1", delay_s=7))
    (published,) = outside.published
    assert published.url == "https://bot.example/api/x"
    assert published.body == {"a": "ä"}
    assert published.headers["authorization"] == "Bearer queue-token"
    assert published.headers["content-type"] == "application/json"
    assert published.headers["upstash-deduplication-id"] == "m_1"
    assert published.headers["upstash-delay"] == "7s"
    assert published.headers["upstash-retries"] == "3"


def test_no_delay_and_no_deduplication_are_left_out() -> None:
    outside = Outside()
    asyncio.run(Publisher(SETTINGS, outside.client()).publish("/api/x", {}))
    headers = outside.published[0].headers
    assert "upstash-delay" not in headers
    assert "upstash-deduplication-id" not in headers


@respx.mock
def test_without_a_client_the_sdk_uses_its_own() -> None:
    settings = replace(SETTINGS, qstash_url="https://queue.example/")
    route = respx.post("https://queue.example/v2/publish/https://bot.example/api/x")
    route.respond(200, json={"messageId": "msg_1"})
    asyncio.run(Publisher(settings).publish("/api/x", {}))
    assert route.call_count == 1


@respx.mock
def test_a_refused_connection_is_not_tried_again() -> None:
    route = respx.post(url__startswith=SETTINGS.qstash_url).mock(side_effect=httpx.ConnectError)
    with pytest.raises(PublishError):
        asyncio.run(Publisher(SETTINGS).publish("/api/x", {}))
    assert route.call_count == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"error": "unable to authenticate: invalid token"}),
        httpx.Response(429, headers={"RateLimit-Limit": "1000"}),
        httpx.Response(500, text="oops"),
        httpx.Response(200, text="no json"),
        httpx.Response(200, json={}),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("silence"),
    ],
    ids=["401", "429", "500", "no json", "no id", "refused", "time-out"],
)
def test_whatever_goes_wrong_is_one_error(answer: httpx.Response | Exception) -> None:
    outside = Outside(fault=lambda _: answer)
    with pytest.raises(PublishError, match=r"^the queue did not accept a message: "):
        asyncio.run(Publisher(SETTINGS, outside.client()).publish("/api/x", {}))
    assert outside.calls == ["publish"]


def test_a_silent_queue_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference_bot.publisher.PUBLISH_LIMIT_S", 0.01)

    async def silent(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError(request)

    client = httpx.AsyncClient(transport=httpx.MockTransport(silent))
    with pytest.raises(PublishError, match=r"^the queue did not accept a message: TimeoutError"):
        asyncio.run(Publisher(SETTINGS, client).publish("/api/x", {}))
