"""Filters, pages and orders of the log and the dead-letter queue."""

import pytest

from emulator.exchange import Reply
from tests.qstash.support import CONSUMER, HOST, Bench, read


def states(bench: Bench, query: str) -> list[str]:
    reply = bench.ask("GET", f"/v2/events?{query}")
    assert reply.ok
    return [event["state"] for event in read(reply)["events"]]


def finished(*script: Reply) -> Bench:
    bench = Bench(*script)
    bench.publish({"Upstash-Retries": "0", "Upstash-Label": "a, b"}, url=CONSUMER + "?x=1,2")
    bench.run()
    return bench


def test_events__latest_first_unless_asked() -> None:
    bench = finished()

    assert states(bench, "") == ["DELIVERED", "ACTIVE", "CREATED"]
    assert states(bench, "order=earliestFirst") == ["CREATED", "ACTIVE", "DELIVERED"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=DELIVERED", 1),
        ("state=DELIVERED&state=CREATED", 2),
        ("state=DELIVERED,CREATED", 2),
        ("state=IN_PROGRESS", 1),
        ("state=CANCELLED", 0),
        ("label=b", 3),
        ("label=c", 0),
        ("label=a&state=ACTIVE", 1),
        ("host=bot.example", 3),
        ("path=/api/consume", 3),
        ("path=/api", 0),
        ("url=https%3A%2F%2Fbot.example%2Fapi%2Fconsume%3Fx%3D1%2C2", 3),
        ("callerIp=203.0.113.7", 3),
        ("callerIP=203.0.113.8", 0),
        ("messageId=msg_1", 0),
        ("messageIds=msg_1&messageIds=msg_2", 0),
        ("queueName=q", 0),
        ("topicName=t", 0),
        ("fromDate=1790000000000&toDate=1790000000000", 3),
        ("fromDate=1790000000001", 0),
        ("toDate=1789999999999", 0),
        ("state=", 3),
        ("whatever=1", 3),
    ],
)
def test_events__filters(query: str, count: int) -> None:
    assert len(states(finished(), query)) == count


def test_events__cancelled_in_both_spellings() -> None:
    bench = Bench()
    bench.ask("DELETE", f"/v2/messages/{bench.publish_id({'Upstash-Delay': '1m'})}")

    assert states(bench, "state=CANCELLED") == states(bench, "state=CANCELED") == ["CANCELED"]


def test_events__pages_end_without_a_cursor() -> None:
    bench = finished()

    first = read(bench.ask("GET", "/v2/events?count=2"))
    second = read(bench.ask("GET", f"/v2/events?count=2&cursor={first['cursor']}"))

    assert [event["state"] for event in first["events"]] == ["DELIVERED", "ACTIVE"]
    assert [event["state"] for event in second["events"]] == ["CREATED"]
    assert "cursor" not in second


def test_logs__are_the_events_under_their_own_name_and_count() -> None:
    bench = Bench()
    for _ in range(40):
        bench.publish()
    bench.run()

    page = read(bench.ask("GET", "/v2/logs"))

    assert set(page) == {"logs", "cursor"}
    assert len(page["logs"]) == 100
    assert len(read(bench.ask("GET", "/v2/events"))["events"]) == 120


def test_events__through_python_are_on_all_pages() -> None:
    bench = Bench()
    for _ in range(5):
        bench.publish()

    assert len(bench.qstash.events(count=2)) == 5


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("count=0", "invalid count: must be greater than zero"),
        ("count=x", "invalid count: 'x' is not a whole number"),
        ("cursor=x", "invalid cursor: 'x'"),
        ("fromDate=today", "invalid fromDate: 'today' is not a whole number"),
        ("order=up", "invalid order: 'up' is none of earliestFirst, latestFirst"),
    ],
)
def test_malformed_query__is_refused(query: str, text: str) -> None:
    for collection in ("events", "logs", "dlq"):
        reply = Bench().ask("GET", f"/v2/{collection}?{query}")
        assert (reply.status, read(reply)) == (400, {"error": text})


def test_event__shows_every_field() -> None:
    bench = Bench(Reply(503, (("x-reason", "tired"),), b"later"))
    message_id = bench.publish_id(
        {
            "Content-Type": "text/plain",
            "Upstash-Forward-My-Header": "1",
            "Upstash-Label": "a,b",
            "Upstash-Retries": "0",
            "Upstash-Retry-Delay": "1000",
            "Upstash-Timeout": "3s",
        },
        b"hello",
    )
    bench.run()

    (event,) = bench.qstash.events(state="ERROR")

    assert event == {
        "time": 1_790_000_000_000,
        "messageId": message_id,
        "state": "ERROR",
        "url": CONSUMER,
        "method": "POST",
        "header": {"My-Header": ["1"], "Content-Type": ["text/plain"]},
        "body": "aGVsbG8=",
        "maxRetries": 0,
        "label": "a",
        "labels": ["a", "b"],
        "timeout": 3000,
        "retryDelayExpression": "1000",
        "retryDelayExpr": "1000",
        "error": "endpoint returned status 503",
        "responseStatus": 503,
        "responseHeader": {"X-Reason": ["tired"]},
        "responseHeaders": {"X-Reason": ["tired"]},
        "responseBody": "bGF0ZXI=",
    }


def test_dead_letter__shows_every_field() -> None:
    bench = Bench(Reply(503, (("x-reason", "tired"),), b"\xff"))
    message_id = bench.publish_id({"Upstash-Retries": "0"}, b"\xfe")
    bench.run()

    (letter,) = bench.qstash.dead_letters()

    assert letter == {
        "messageId": message_id,
        "dlqId": "1790000000000-0",
        "url": CONSUMER,
        "method": "POST",
        "header": {},
        "bodyBase64": "/g==",
        "maxRetries": 0,
        "notBefore": 1_790_000_000_000,
        "createdAt": 1_790_000_000_000,
        "callerIP": "203.0.113.7",
        "callerIp": "203.0.113.7",
        "responseStatus": 503,
        "responseHeader": {"X-Reason": ["tired"]},
        "responseBodyBase64": "/w==",
    }
    assert read(bench.ask("GET", "/v2/dlq/1790000000000-0")) == letter


def test_dead_letter__without_a_response_has_status_0() -> None:
    bench = Bench()
    bench.publish({"Upstash-Retries": "0"}, url="https://nobody.example/")
    bench.run()

    (letter,) = bench.qstash.dead_letters(responseStatus=0)

    assert letter["responseStatus"] == 0
    assert "responseHeader" not in letter


def test_dlq__is_earliest_first_in_pages_of_a_hundred() -> None:
    bench = Bench(Reply(500))
    ids = [bench.publish_id({"Upstash-Retries": "0"}) for _ in range(103)]
    bench.run()

    first = read(bench.ask("GET", "/v2/dlq?count=1000"))
    rest = read(bench.ask("GET", f"/v2/dlq?cursor={first['cursor']}"))
    latest = read(bench.ask("GET", "/v2/dlq?count=1&order=latestFirst"))

    assert [letter["messageId"] for letter in first["messages"]] == ids[:100]
    assert [letter["messageId"] for letter in rest["messages"]] == ids[100:]
    assert [letter["messageId"] for letter in latest["messages"]] == ids[-1:]
    assert "cursor" not in rest


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("responseStatus=500", 1),
        ("responseStatus=503,404", 0),
        ("label=a", 1),
        ("dlqIds=1790000000000-0", 1),
        ("dlqIds=1790000000000-1", 0),
        ("scheduleId=scd_1", 0),
        ("api=llm", 1),
    ],
)
def test_dlq__filters(query: str, count: int) -> None:
    bench = finished(Reply(500))

    assert len(read(bench.ask("GET", f"/v2/dlq?{query}"))["messages"]) == count


@pytest.mark.parametrize("key", ["host", "path", "state", "whatever"])
def test_dlq__unknown_key_is_refused(key: str) -> None:
    for query in (f"{key}=1", key, f"{key}="):
        reply = Bench().ask("GET", f"/v2/dlq?{query}")
        assert (reply.status, read(reply)) == (400, {"error": f"unknown query parameter: {key}"})


def test_filter__matches_a_url_whole() -> None:
    bench = Bench()
    bench.publish(url=HOST + "/a")
    bench.publish(url=HOST + "/b")

    assert len(bench.qstash.events(url=HOST + "/a")) == 1
