"""The vendor's own Python SDK, unmodified, against the fake."""

import asyncio
import datetime
import json
from collections.abc import Iterator

import httpx
import pytest
import respx
from freezegun import freeze_time
from qstash import AsyncQStash, Receiver
from qstash import QStash as Client
from qstash.errors import QStashError
from qstash.log import LogState
from qstash.message import PublishResponse

from emulator.exchange import Reply, Request
from tests.qstash.support import CONSUMER, HOST, OK, Bench, Consumer


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A world whose queue answers everything that httpx sends to the vendor's address."""
    bench = Bench(Reply(500, (("Content-Type", "text/plain"),), b"it broke"), Reply(200))

    def answer(request: httpx.Request) -> httpx.Response:
        url = f"{request.url.scheme}://{request.url.host}{request.url.raw_path.decode()}"
        headers = tuple((name.decode(), value.decode()) for name, value in request.headers.raw)
        reply = bench.qstash.handle(Request(request.method, url, headers, request.content))
        return httpx.Response(reply.status, headers=list(reply.headers), content=reply.body)

    with respx.mock(using="httpx") as router:
        router.route(host="qstash.upstash.io").mock(side_effect=answer)
        yield bench


@pytest.fixture
def client(bench: Bench) -> Client:
    return Client(bench.qstash.token, retry=False)


def message_id_of(response: object) -> str:
    assert isinstance(response, PublishResponse)
    return response.message_id


def test_publish_json__is_delivered_as_asked(bench: Bench, client: Client) -> None:
    response = client.message.publish_json(
        url=CONSUMER + "?a=1", body={"hello": "world"}, headers={"My-Header": "1"}, delay=10
    )
    bench.run()

    seen = bench.consumer.seen[0]
    assert seen.at_ms == 10_000
    assert seen.request.url == CONSUMER + "?a=1"
    assert seen.request.body == b'{"hello": "world"}'
    assert seen.request.header("Content-Type") == "application/json"
    assert seen.request.header("My-Header") == "1"
    assert seen.request.header("Upstash-Message-Id") == message_id_of(response)


def test_publish__deduplicates(bench: Bench, client: Client) -> None:
    first = client.message.publish_json(url=CONSUMER, body={}, deduplication_id="m_1")
    second = client.message.publish_json(url=CONSUMER, body={}, deduplication_id="m_1")

    assert isinstance(first, PublishResponse)
    assert isinstance(second, PublishResponse)
    assert (first.deduplicated, second.deduplicated) == (False, True)
    assert first.message_id == second.message_id


def test_publish__content_based(bench: Bench, client: Client) -> None:
    for deduplicated in (False, True):
        response = client.message.publish_json(
            url=CONSUMER, body={"a": 1}, content_based_deduplication=True
        )
        assert isinstance(response, PublishResponse)
        assert response.deduplicated is deduplicated


def test_publish__quota(bench: Bench, client: Client) -> None:
    message = (
        r"^Request failed with status: 400, body: "
        r'\{"error":"quota maxRetries exceeded, current limit: 5"\}$'
    )
    with pytest.raises(QStashError, match=message):
        client.message.publish_json(url=CONSUMER, body={}, retries=6)


def test_wrong_token(bench: Bench) -> None:
    message = (
        r"^Request failed with status: 401, body: "
        r'\{"error":"unable to authenticate: invalid token"\}$'
    )
    with pytest.raises(QStashError, match=message):
        Client("wrong", retry=False).message.publish(url=CONSUMER)


def test_message_get(bench: Bench, client: Client) -> None:
    response = client.message.publish(
        url=CONSUMER,
        body="héllo",
        content_type="text/plain",
        method="PATCH",
        headers={"test-header": "x"},
        retries=2,
        retry_delay="1000 * (1 + retried)",
        not_before=1_790_000_060,
        label="mine",
    )

    message = client.message.get(message_id_of(response))

    assert message.message_id == message_id_of(response)
    assert (message.url, message.method, message.body) == (CONSUMER, "PATCH", "héllo")
    assert message.headers == {"Test-Header": ["x"], "Content-Type": ["text/plain"]}
    assert (message.max_retries, message.retry_delay_expression) == (2, "1000 * (1 + retried)")
    assert (message.created_at, message.not_before) == (1_790_000_000_000, 1_790_000_060_000)
    assert (message.label, message.caller_ip) == ("mine", "203.0.113.7")
    assert (message.queue, message.url_group, message.flow_control) == (None, None, None)


def test_message_cancel(bench: Bench, client: Client) -> None:
    response = client.message.publish(url=CONSUMER, delay="1h")

    client.message.cancel(message_id_of(response))

    bench.run()
    assert bench.consumer.seen == []
    with pytest.raises(QStashError, match=r"^Request failed with status: 404, body: .* not found"):
        client.message.cancel(message_id_of(response))


def test_log_list(bench: Bench, client: Client) -> None:
    response = client.message.publish(url=CONSUMER, body="x", retry_delay="5000", timeout=30)
    bench.run()

    logs = client.log.list(filter={"message_id": message_id_of(response)}).logs
    delivered = client.log.list(
        filter={"message_ids": [message_id_of(response)], "state": LogState.DELIVERED}
    ).logs

    assert [log.state.name for log in reversed(logs)] == [
        "CREATED",
        "ACTIVE",
        "ERROR",
        "RETRY",
        "ACTIVE",
        "DELIVERED",
    ]
    assert {log.retry_delay_expression for log in logs} == {"5000"}
    assert {log.timeout for log in logs} == {30_000}
    assert [log.time for log in delivered] == [1_790_000_005_000]


def test_log_list__pages(bench: Bench, client: Client) -> None:
    client.message.publish(url=CONSUMER)

    first = client.log.list(count=1)
    client.message.publish(url=CONSUMER)
    both = client.log.list(count=1)
    rest = client.log.list(count=1, cursor=both.cursor)

    assert first.cursor is None
    assert rest.logs == first.logs
    assert rest.cursor is None


def test_dlq(bench: Bench, client: Client) -> None:
    response = client.message.publish(url=CONSUMER, body="x", retries=0, label="mine")
    bench.run()

    page = client.dlq.list(
        count=10,
        filter={
            "message_id": message_id_of(response),
            "response_status": 500,
            "label": "mine",
            "caller_ip": "203.0.113.7",
            "from_time": 1_790_000_000_000,
            "to_time": 1_790_000_000_000,
            "url": CONSUMER,
        },
    )

    (letter,) = page.messages
    assert page.cursor is None
    assert (letter.response_status, letter.response_body) == (500, "it broke")
    assert letter.response_headers == {"Content-Type": ["text/plain"]}
    assert client.dlq.get(letter.dlq_id) == letter
    assert client.dlq.list(filter={"queue": "q"}).messages == []


def dead_ids(bench: Bench, client: Client, count: int) -> list[str]:
    """Ids of so many dead letters; the destination answers everything else with 200."""
    bench.consumer = bench.kernel.origins[HOST] = Consumer(bench.kernel, *[Reply(500)] * count, OK)
    for number in range(count):
        client.message.publish(url=CONSUMER, body=str(number), retries=0)
    bench.run()
    return [letter.dlq_id for letter in client.dlq.list().messages]


def test_dlq_delete(bench: Bench, client: Client) -> None:
    first, second = dead_ids(bench, client, 2)

    client.dlq.delete(first)

    assert [letter.dlq_id for letter in client.dlq.list().messages] == [second]
    with pytest.raises(QStashError, match=r"^Request failed with status: 404, body: .* not found"):
        client.dlq.delete(first)


def test_dlq_delete_many(bench: Bench, client: Client) -> None:
    first, second, third = dead_ids(bench, client, 3)

    assert client.dlq.delete_many([]) == 0
    assert client.dlq.delete_many([first, third]) == 2
    assert client.dlq.delete_many([first, second]) == 1
    assert client.dlq.list().messages == []


def test_dlq_retry(bench: Bench, client: Client) -> None:
    # The Python SDK has no method for it; these are the requests of the JavaScript one.
    first, second, third = dead_ids(bench, client, 3)

    one = client.http.request(path=f"/v2/dlq/retry/{first}", method="POST")
    many = client.http.request(path=f"/v2/dlq/retry?dlqIds={second}&dlqIds={third}", method="POST")
    bench.run()

    again = bench.consumer.seen[3:]
    assert [seen.request.body for seen in again] == [b"0", b"1", b"2"]
    assert [one["messageId"], *(answer["messageId"] for answer in many["responses"])] == [
        seen.request.header("Upstash-Message-Id") for seen in again
    ]
    assert many["cursor"] == ""
    assert client.dlq.list().messages == []


def test_callbacks(bench: Bench, client: Client) -> None:
    response = client.message.publish_json(
        url=CONSUMER,
        body={"a": 1},
        retries=0,
        callback=HOST + "/attempt",
        failure_callback=HOST + "/end",
        callback_headers={"Retries": "1", "Forward-X": "1", "X": "ignored"},
        failure_callback_headers={"Method": "PUT"},
    )
    message = client.message.get(message_id_of(response))
    bench.run()

    assert (message.callback, message.failure_callback) == (HOST + "/attempt", HOST + "/end")
    assert (message.callback_headers, message.failure_callback_headers) == ({"X": ["1"]}, None)
    _, attempt, end = (seen.request for seen in bench.consumer.seen)
    assert (attempt.method, attempt.header("X"), end.method) == ("POST", "1", "PUT")
    told = json.loads(end.body)
    (letter,) = client.dlq.list().messages
    assert (told["sourceMessageId"], told["dlqId"]) == (message.message_id, letter.dlq_id)
    assert (letter.callback, letter.callback_headers) == (message.callback, {"X": ["1"]})
    logs = client.log.list(filter={"message_id": message.message_id}).logs
    assert {log.callback for log in logs} == {HOST + "/attempt"}
    assert [log.callback_headers for log in logs] == [{"X": ["1"]}] * len(logs)


def test_callbacks__are_signed(bench: Bench, client: Client) -> None:
    receiver = Receiver(bench.qstash.keys.current, bench.qstash.keys.next)
    client.message.publish_json(
        url=CONSUMER, body={}, retries=0, callback=HOST + "/attempt", failure_callback=HOST + "/end"
    )
    bench.qstash.rotate_keys()
    bench.run()

    now = datetime.datetime.fromtimestamp(bench.kernel.clock.unix, datetime.UTC)
    with freeze_time(now):
        for seen in bench.consumer.seen:
            receiver.verify(
                signature=seen.request.header("Upstash-Signature") or "",
                body=seen.request.body.decode(),
                url=seen.request.url,
            )
    assert len(bench.consumer.seen) == 3


def test_signing_keys(bench: Bench, client: Client) -> None:
    before = client.signing_key.get()

    after = client.signing_key.rotate()

    assert after.current == before.next
    assert client.signing_key.get() == after


def test_unknown_url_group(bench: Bench, client: Client) -> None:
    with pytest.raises(QStashError, match=r"endpoint has invalid scheme, add http:// or https://"):
        client.message.publish(url_group="nobody")


def test_async_client(bench: Bench) -> None:
    async def scenario() -> tuple[object, object, int]:
        client = AsyncQStash(bench.qstash.token, retry=False)
        first = await client.message.publish_json(
            url=HOST + "//double?q=%20", body={"n": 1}, deduplication_id="m_1", retries=1
        )
        second = await client.message.publish_json(url=CONSUMER, body={}, deduplication_id="m_1")
        message = await client.message.get(message_id_of(first))
        logs = (await client.log.list(filter={"state": LogState.CREATED})).logs
        assert message.url == HOST + "//double?q=%20"
        assert (await client.dlq.list()).messages == []
        assert (await client.signing_key.get()).current == bench.qstash.keys.current
        return first, second, len(logs)

    first, second, created = asyncio.run(scenario())

    assert message_id_of(first) == message_id_of(second)
    assert created == 1
