"""URL groups: what they hold, and what a publish to one comes to."""

import json

import pytest

from emulator.qstash import Plan
from tests.qstash.support import HOST, Bench, read

ONE, TWO = HOST + "/one", HOST + "/two"
INVALID = "invalid destination url: endpoint has invalid scheme, add http:// or https://"


def group_of(bench: Bench, *endpoints: dict[str, str], name: str = "group") -> None:
    reply = bench.send("POST", f"/v2/topics/{name}/endpoints", {"endpoints": list(endpoints)})
    assert (reply.status, reply.body) == (200, b""), reply


def test_group__shows_its_endpoints_in_order() -> None:
    bench = Bench()
    group_of(bench, {"url": TWO, "name": "second"}, {"url": ONE})

    shown = {
        "name": "group",
        "createdAt": 1_790_000_000_000,
        "updatedAt": 1_790_000_000_000,
        "endpoints": [{"url": TWO, "name": "second"}, {"url": ONE}],
    }
    assert bench.get("/v2/topics/group") == shown
    assert bench.get("/v2/topics") == [shown]


def test_upsert__same_name_or_url_updates() -> None:
    bench = Bench()
    group_of(bench, {"url": ONE, "name": "first"}, {"url": TWO})
    bench.run(until=5.0)

    group_of(bench, {"url": HOST + "/new", "name": "first"}, {"url": TWO, "name": "second"})

    shown = bench.get("/v2/topics/group")
    assert shown["endpoints"] == [
        {"url": HOST + "/new", "name": "first"},
        {"url": TWO, "name": "second"},
    ]
    assert (shown["createdAt"], shown["updatedAt"]) == (1_790_000_000_000, 1_790_000_005_000)


def test_remove__by_url_or_name_and_with_the_last_the_group() -> None:
    bench = Bench()
    group_of(bench, {"url": ONE, "name": "first"}, {"url": TWO})

    bench.send("DELETE", "/v2/topics/group/endpoints", {"endpoints": [{"name": "first"}]})
    assert bench.get("/v2/topics/group")["endpoints"] == [{"url": TWO}]
    bench.send("DELETE", "/v2/topics/group/endpoints", {"endpoints": [{"url": TWO}]})
    assert bench.ask("GET", "/v2/topics/group").status == 404
    gone = bench.send("DELETE", "/v2/topics/group/endpoints", {"endpoints": [{"url": TWO}]})
    assert (gone.status, read(gone)) == (404, {"error": "URL group group not found"})


def test_delete__also_of_what_is_not_there() -> None:
    bench = Bench()
    group_of(bench, {"url": ONE})

    assert [bench.ask("DELETE", "/v2/topics/group").status for _ in range(2)] == [200, 200]
    assert bench.get("/v2/topics") == []


def test_publish__one_message_for_each_endpoint() -> None:
    bench = Bench()
    group_of(bench, {"url": ONE, "name": "first"}, {"url": TWO})

    reply = bench.ask("POST", "/v2/publish/group", {"Upstash-Label": "l"}, b"hello")
    answers = json.loads(reply.body)
    bench.run()

    assert reply.status == 200
    assert [set(answer) for answer in answers] == [{"messageId", "url"}] * 2
    assert [answer["url"] for answer in answers] == [ONE, TWO]
    requests = [seen.request for seen in bench.consumer.seen]
    assert [(request.url, request.body) for request in requests] == [
        (ONE, b"hello"),
        (TWO, b"hello"),
    ]
    assert {request.header("Upstash-Topic-Name") for request in requests} == {"group"}
    first, second = (bench.get(f"/v2/messages/{answer['messageId']}") for answer in answers)
    assert (first["topicName"], first["endpointName"]) == ("group", "first")
    assert "endpointName" not in second
    events = bench.qstash.events(topicName="group", state="DELIVERED")
    assert {event["messageId"] for event in events} == {one["messageId"] for one in answers}
    assert bench.qstash.published == 2


def test_publish__deduplicates_each_endpoint_by_itself() -> None:
    bench = Bench()
    key = {"Upstash-Deduplication-Id": "m_1"}
    group_of(bench, {"url": ONE})
    bench.publish(key, url=ONE)
    (first,) = json.loads(bench.ask("POST", "/v2/publish/group", key).body)
    group_of(bench, {"url": TWO})

    one, two = json.loads(bench.ask("POST", "/v2/publish/group", key).body)

    assert one == {**first, "deduplicated": True}
    assert "deduplicated" not in two
    assert bench.qstash.published == 3


def test_messages__survive_their_group() -> None:
    bench = Bench()
    group_of(bench, {"url": ONE})
    bench.ask("POST", "/v2/publish/group", {"Upstash-Delay": "1m"})

    bench.ask("DELETE", "/v2/topics/group")
    bench.run()

    assert [seen.request.url for seen in bench.consumer.seen] == [ONE]


def test_unknown_group__is_refused_as_a_url_without_a_scheme() -> None:
    reply = Bench().ask("POST", "/v2/publish/nobody")

    assert (reply.status, read(reply)) == (400, {"error": INVALID})


def test_default_headers__count_where_the_publish_says_nothing() -> None:
    bench = Bench()
    group_of(bench, {"url": ONE})
    headers = {"Upstash-Retries": "1", "Upstash-Forward-A": ["x"], "Upstash-Forward-B": "y"}
    assert bench.send("PATCH", "/v2/topics/group", {"headers": headers}).status == 200

    reply = bench.ask("POST", "/v2/publish/group", {"Upstash-Forward-B": "mine"})
    (answer,) = json.loads(reply.body)

    message = bench.get(f"/v2/messages/{answer['messageId']}")
    assert (message["maxRetries"], message["header"]) == (1, {"A": ["x"], "B": ["mine"]})


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("bad!name", {"endpoints": [{"url": ONE}]}, "invalid URL group name: 'bad!name'"),
        ("g", {"endpoints": []}, "invalid endpoints: must be a list that is not empty"),
        ("g", {"endpoints": [1]}, "invalid endpoints: url and name must be strings"),
        ("g", {"endpoints": [{"name": "n"}]}, "invalid endpoint: needs a url"),
        ("g", {"endpoints": [{"url": "x"}]}, INVALID),
        ("g", [], "invalid body: must be a JSON object"),
    ],
)
def test_upsert__refused(path: str, body: object, error: str) -> None:
    reply = Bench().send("POST", f"/v2/topics/{path}/endpoints", body)

    assert (reply.status, read(reply)) == (400, {"error": error})


def test_quota() -> None:
    bench = Bench(plan=Plan(max_topics=1, max_endpoints_per_topic=1))
    group_of(bench, {"url": ONE})

    more = bench.send("POST", "/v2/topics/other/endpoints", {"endpoints": [{"url": ONE}]})
    larger = bench.send("POST", "/v2/topics/group/endpoints", {"endpoints": [{"url": TWO}]})

    assert (more.status, read(more)) == (
        412,
        {"error": "quota maxTopics exceeded, current limit: 1"},
    )
    assert (larger.status, read(larger)["error"]) == (
        412,
        "quota maxEndpointsPerTopic exceeded, current limit: 1",
    )
    assert bench.get("/v2/topics/group")["endpoints"] == [{"url": ONE}]


def test_callback__names_group_and_endpoint() -> None:
    bench = Bench()
    group_of(bench, {"url": ONE, "name": "first"})
    bench.ask("POST", "/v2/publish/group", {"Upstash-Callback": HOST + "/told"})
    bench.run()

    told = json.loads(bench.consumer.seen[1].request.body)

    assert (told["url"], told["topicName"], told["endpointName"]) == (ONE, "group", "first")
    assert bench.consumer.seen[1].request.header("Upstash-Topic-Name") is None
