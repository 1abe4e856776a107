"""Cancelling many messages at once, by id and by what they have in common."""

import json

import pytest

from emulator.qstash import Switches
from tests.qstash.support import BROKEN, CONSUMER, HOST, Bench, read

LATER = {"Upstash-Delay": "1h"}


def cancelled(bench: Bench, query: str = "", body: object = None) -> int:
    reply = bench.send("DELETE", f"/v2/messages{query}", body)
    assert reply.status == 200, reply
    return int(read(reply)["cancelled"])


def test_ids__in_the_query_or_in_the_body() -> None:
    bench = Bench()
    ids = [bench.publish_id(LATER) for _ in range(5)]

    assert cancelled(bench, f"?messageIds={ids[0]}&messageIds={ids[1]},msg_unknown") == 2
    assert cancelled(bench, "", {"messageIds": [ids[1], ids[2]]}) == 1
    assert cancelled(bench, "", {"messageIds": []}) == 0
    assert bench.qstash.pending() == 2


def test_ids__make_other_filters_void() -> None:
    bench = Bench()
    message_id = bench.publish_id(LATER)

    assert cancelled(bench, f"?messageIds={message_id}&label=other") == 1


def test_nothing_at_all__means_everything() -> None:
    bench = Bench(BROKEN)
    retrying = bench.publish_id()
    bench.run(until=1.0)
    bench.publish_id(LATER)

    assert cancelled(bench) == 2
    bench.run()

    assert (bench.qstash.pending(), bench.qstash.dead_letters()) == (0, [])
    assert bench.states(retrying)[-2:] == ["CANCEL_REQUESTED", "CANCELED"]


@pytest.mark.parametrize(
    "query",
    [
        "label=mine",
        "flowControlKey=mine",
        "url=https%3A%2F%2Fbot.example%2Fmine",
        "host=mine.example",
        "path=%2Fmine",
        "queueName=mine",
        "topicName=mine",
        "scheduleId=mine",
        "fromDate=1790000001000",
        "label=mine,other&callerIp=203.0.113.7",
    ],
)
def test_filters(query: str) -> None:
    bench = Bench()
    bench.publish_id(LATER)
    bench.run(until=1.0)
    url = {"host": "https://mine.example/x"}.get(query.partition("=")[0], HOST + "/mine")
    headers = {
        **LATER,
        "Upstash-Label": "mine",
        "Upstash-Flow-Control-Key": "mine",
        "Upstash-Flow-Control-Value": "rate=1",
    }
    endpoints = {"endpoints": [{"url": HOST + "/x"}]}
    match query.partition("=")[0]:
        case "queueName":
            bench.ask("POST", f"/v2/enqueue/mine/{CONSUMER}", headers)
        case "topicName":
            bench.send("POST", "/v2/topics/mine/endpoints", endpoints)
            bench.ask("POST", "/v2/publish/mine", headers)
        case "scheduleId":
            cron = {**headers, "Upstash-Cron": "* * * * *", "Upstash-Schedule-Id": "mine"}
            bench.ask("POST", f"/v2/schedules/{CONSUMER}", cron)
            bench.run(until=60.0)
            bench.ask("DELETE", "/v2/schedules/mine")
        case _:
            bench.publish_id(headers, url=url)

    assert cancelled(bench, "?" + query) == 1
    assert bench.qstash.pending() == 1


def test_filters__in_the_body() -> None:
    bench = Bench()
    bench.publish_id({**LATER, "Upstash-Label": "mine"})
    bench.publish_id(LATER)

    assert cancelled(bench, "", {"label": "mine", "fromDate": 1_790_000_000_000}) == 1


def test_count__of_the_oldest() -> None:
    bench = Bench()
    ids = [bench.publish_id(LATER) for _ in range(3)]

    assert cancelled(bench, "?count=2") == 2
    assert [bench.ask("DELETE", f"/v2/messages/{one}").status for one in ids] == [404, 404, 202]


def test_count__is_ignored_as_the_hosted_service_does() -> None:
    bench = Bench(switches=Switches(bulk_cancel_ignores_count=True))
    for _ in range(3):
        bench.publish_id(LATER)

    assert cancelled(bench, "?count=2") == 3


def test_action__of_the_hosted_service() -> None:
    bench = Bench(switches=Switches(bulk_cancel_ignores_count=True))
    bench.publish_id({**LATER, "Upstash-Label": "mine"})

    action_id = read(bench.ask("DELETE", "/v2/messages?label=mine&async=true"))["actionId"]

    action = bench.get(f"/v2/bulkActions/{action_id}")
    assert action == {
        "actionId": action_id,
        "kind": "cancel",
        "state": "FINISHED",
        "total": 1,
        "processed": 1,
        "createdAt": 1_790_000_000_000,
        "completedAt": 1_790_000_000_000,
        "filter": {"label": ["mine"]},
    }
    assert bench.get("/v2/bulkActions") == [action]
    unknown = bench.ask("GET", "/v2/bulkActions/bulk_9")
    assert (unknown.status, read(unknown)) == (404, {"error": "bulk action bulk_9 not found"})


def test_delivered_messages__are_not_cancelled() -> None:
    bench = Bench()
    message_id = bench.publish_id()
    bench.run()

    assert cancelled(bench) == 0
    assert cancelled(bench, f"?messageIds={message_id}") == 0


def test_attempt_under_way__is_cancelled_once() -> None:
    bench = Bench()
    bench.busy(5.0)
    message_id = bench.publish_id()
    bench.run(until=1.0)

    assert [cancelled(bench), cancelled(bench), cancelled(bench, f"?messageIds={message_id}")] == [
        1,
        0,
        0,
    ]


@pytest.mark.parametrize(
    ("query", "body", "error"),
    [
        ("?count=0", b"", "invalid count: must be greater than zero"),
        ("", b"[]", "invalid body: must be a JSON object"),
        (
            "",
            json.dumps({"label": [{}]}).encode(),
            "invalid label: must be strings or whole numbers",
        ),
    ],
)
def test_refused(query: str, body: bytes, error: str) -> None:
    reply = Bench().ask("DELETE", "/v2/messages" + query, body=body)

    assert (reply.status, read(reply)) == (400, {"error": error})
