"""Batches: several publishes in one request, each answered by itself."""

import json
from typing import Any

import pytest

from emulator.exchange import Reply
from emulator.qstash import Plan
from tests.qstash.support import CONSUMER, HOST, Bench, read


def batch(bench: Bench, *items: object) -> list[Any]:
    reply = bench.send("POST", "/v2/batch", list(items))
    assert reply.status == 200, reply
    answers = json.loads(reply.body)
    assert isinstance(answers, list)
    return answers


def test_items__of_every_kind() -> None:
    bench = Bench()
    endpoints = [{"url": HOST + "/one"}, {"url": HOST + "/two"}]
    bench.send("POST", "/v2/topics/group/endpoints", {"endpoints": endpoints})

    url, group, queued, failed = batch(
        bench,
        {
            "destination": CONSUMER + "?a=1",
            "headers": {
                "upstash-method": "PUT",
                "Content-Type": "text/plain",
                "authorization": "x",
            },
            "body": "ü",
        },
        {"destination": "group", "body": None, "queue": None},
        {"destination": CONSUMER, "queue": "q", "body": "q"},
        {"destination": "nobody"},
    )
    bench.run()

    assert set(url) == {"messageId", "url"}
    assert [one["url"] for one in group] == [HOST + "/one", HOST + "/two"]
    assert bench.get(f"/v2/messages/{queued['messageId']}")["queueName"] == "q"
    assert failed == {
        "error": "invalid destination url: endpoint has invalid scheme, add http:// or https://"
    }
    requests = [seen.request for seen in bench.consumer.seen]
    assert [(one.method, one.url, one.body) for one in requests] == [
        ("PUT", CONSUMER + "?a=1", "ü".encode()),
        ("POST", HOST + "/one", b""),
        ("POST", HOST + "/two", b""),
        ("POST", CONSUMER, b"q"),
    ]
    assert requests[0].header("Content-Type") == "text/plain"
    assert requests[0].header("Authorization") is None


def test_items__the_second_of_an_id_is_a_duplicate() -> None:
    bench = Bench()
    item = {"destination": CONSUMER, "headers": {"Upstash-Deduplication-Id": "m_1"}}

    first, second = batch(bench, item, item)

    assert second == {**first, "deduplicated": True}
    assert bench.qstash.published == 1


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (1, "invalid item: must be a JSON object"),
        ({}, "invalid item: destination, queue and body must be strings"),
        (
            {"destination": CONSUMER, "body": 1},
            "invalid item: destination, queue and body must be strings",
        ),
        (
            {"destination": CONSUMER, "headers": {"a": 1}},
            "invalid item: headers must be strings by name",
        ),
        (
            {"destination": CONSUMER, "headers": ["a"]},
            "invalid item: headers must be strings by name",
        ),
        ({"destination": CONSUMER, "queue": "a b"}, "invalid queue name: 'a b'"),
        (
            {"destination": CONSUMER, "body": "long"},
            "quota maxMessageSize exceeded, current limit: 3",
        ),
        (
            {"destination": CONSUMER, "headers": {"Upstash-Delay": "x"}},
            "invalid Upstash-Delay: 'x' is not a duration such as 50s or 1d10h30m",
        ),
        (
            {"destination": CONSUMER, "headers": {"Upstash-Cron": "never"}},
            "invalid Upstash-Cron: 'never' has 1 fields, expected 5",
        ),
    ],
)
def test_item__refused_while_others_are_sent(item: object, error: str) -> None:
    bench = Bench(plan=Plan(max_body_bytes=3))

    refused, sent = batch(bench, item, {"destination": CONSUMER})

    assert refused == {"error": error}
    assert "messageId" in sent


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"{", 400, "invalid body: must be a JSON array"),
        (b"[" * 100_000, 400, "invalid body: must be a JSON array"),
        (b"{}", 400, "invalid body: must be a JSON array"),
        (b'["12345"]' + b" " * 200_000, 413, "quota maxBatchSize exceeded, current limit: 150000"),
    ],
)
def test_batch__refused(body: bytes, status: int, error: str) -> None:
    bench = Bench(plan=Plan(max_batch_bytes=150_000))

    reply = bench.ask("POST", "/v2/batch", body=body)

    assert (reply.status, read(reply)) == (status, {"error": error})


def test_messages__are_children_of_the_invocation() -> None:
    bench = Bench()
    call = bench.call()
    body = json.dumps([{"destination": CONSUMER}, {"destination": CONSUMER}]).encode()

    reply: Reply = bench.ask("POST", "/v2/batch", body=body, call=call)

    assert reply.status == 200
    names = [entry.name for entry in bench.kernel.journal.entries("publish")]
    assert names == ["u0.w0.q0", "u0.w0.q1"]


def test_schedule__is_made_beside_messages() -> None:
    bench = Bench()
    made = {"Upstash-Cron": "* * * * *", "Upstash-Schedule-Id": "s", "Upstash-Retries": "1"}

    sent, schedule, refused = batch(
        bench,
        {"destination": CONSUMER, "body": "now"},
        {"destination": CONSUMER, "headers": made, "body": "each minute", "queue": "q"},
        {"destination": CONSUMER, "headers": {**made, "Upstash-Schedule-Id": "a b"}},
    )
    bench.run(until=100.0)

    assert "messageId" in sent
    assert schedule == {"scheduleId": "s"}
    assert refused == {"error": "invalid schedule id: 'a b'"}
    shown = bench.get("/v2/schedules/s")
    assert (shown["queueName"], shown["retries"], shown["body"]) == ("q", 1, "each minute")
    assert [seen.request.body for seen in bench.consumer.seen] == [
        *(b"now", b"each minute", b"each minute"),
    ]
