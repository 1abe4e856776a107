"""Whatever is sent to the API, it is answered: never an exception, never a 5xx."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.exchange import Request
from emulator.qstash.api import TABLE
from tests.qstash.support import API, CONSUMER, Bench

WITH_BODY = (
    *("/v2/batch", "/v2/queues", "/v2/topics/g", "/v2/topics/g/endpoints", "/v2/messages"),
    "/v2/dlq",
)
NAMES = st.sampled_from(
    [
        *("destination", "queue", "body", "headers", "queueName", "parallelism", "paused"),
        *("endpoints", "url", "name", "messageIds", "dlqIds", "count", "label", "fromDate"),
        *("Upstash-Delay", "Upstash-Callback", "upstash-forward-a"),
    ]
)
TEXTS = st.text(max_size=8) | st.sampled_from([CONSUMER, "g", "q", "\ud800", "\udfff\x00"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=4),
    max_leaves=12,
)
HEADERS = st.sampled_from(
    [
        *("Method", "Forward-X", "Header-Forward", "Delay", "Not-Before", "Retries"),
        *("Retry-Delay", "Timeout", "Callback", "Callback-Delay", "Failure-Callback"),
        *("Deduplication-Id", "Content-Based-Deduplication", "Flow-Control-Key"),
        *("Flow-Control-Value", "Label", "Redact-Fields", "Cron", "Schedule-Id", "Queue-Name"),
    ]
)
HEADER_TEXTS = st.text(st.characters(max_codepoint=255), max_size=12) | st.sampled_from(
    [
        *("1s", "99999999d", "true", "0", "-1", "1e999", "body,header[X]", "rate=1,period=1w"),
        *("CRON_TZ=Asia/Kolkata 0 0 31 4 *", "*/7 1-3 ? FEB MON#2", "https://[::1", "a,b,,"),
        "pow(9, pow(9, 9)) / 0",
    ]
)


@settings(max_examples=80, deadline=None)
@given(
    path=st.sampled_from(WITH_BODY),
    method=st.sampled_from(["POST", "PATCH", "DELETE"]),
    value=VALUES,
)
def test_any_json(path: str, method: str, value: object) -> None:
    bench = Bench()
    endpoints = {"endpoints": [{"url": CONSUMER}]}
    bench.send("POST", "/v2/topics/g/endpoints", endpoints)

    reply = bench.ask(method, path, body=json.dumps(value).encode())
    bench.run()

    assert reply.status < 500
    for listed in ("queues", "topics", "events", "dlq"):
        assert bench.ask("GET", f"/v2/{listed}").status == 200


@settings(max_examples=150, deadline=None)
@given(
    path=st.sampled_from(
        [f"/v2/publish/{CONSUMER}", f"/v2/schedules/{CONSUMER}", "/v2/publish/x:"]
    ),
    headers=st.dictionaries(HEADERS, HEADER_TEXTS, max_size=4),
)
def test_any_headers(path: str, headers: dict[str, str]) -> None:
    bench = Bench()

    reply = bench.ask("POST", path, {f"Upstash-{name}": text for name, text in headers.items()})
    bench.run(until=100.0)

    assert reply.status < 500
    for listed in ("schedules", "flowControl", "events"):
        assert bench.ask("GET", f"/v2/{listed}").status == 200


@settings(max_examples=100, deadline=None)
@given(
    route=st.sampled_from([(method, path) for method, path, _ in TABLE]),
    query=st.dictionaries(
        st.sampled_from(
            [
                *("count", "cursor", "order", "fromDate", "state", "label", "messageIds"),
                *("dlqIds", "search", "rate", "period", "parallelism", "async", "qstash_token"),
            ]
        ),
        st.sampled_from(["", "0", "1", "x", "1-0", "latestFirst", "%FF", "1,2", "true", "9" * 40]),
        max_size=3,
    ),
    name=st.sampled_from(["a", "%2F", "%FF%00", "a b", "..", "é"]),
)
def test_any_query_and_name(route: tuple[str, str], query: dict[str, str], name: str) -> None:
    method, path = route
    bench = Bench()
    for part in ("{message_id}", "{action_id}", "{queue}", "{schedule_id}", "{group}", "{dlq_id}"):
        path = path.replace(part, name)
    path = path.replace("{key:path}", name)
    asked = "&".join(f"{key}={value}" for key, value in query.items())

    assert bench.ask(method, f"{path}?{asked}").status < 500


@pytest.mark.parametrize("size", [0, 1, 100])
def test_lone_surrogates__become_what_go_makes_of_them(size: int) -> None:
    bench = Bench()
    body = b'[{"destination":"' + CONSUMER.encode() + b'","body":"' + b"\\ud800" * size + b'"}]'

    bench.ask("POST", "/v2/batch", body=body)
    bench.run()

    assert bench.bodies() == ["\ufffd" * size]


def test_wrong_host_in_the_path__is_no_address_of_ours() -> None:
    request = Request("GET", API.replace("qstash", "other") + "/v2/keys")

    assert not Bench().qstash.claims(request)


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (
            {"destination": CONSUMER + "\r\nX: 1"},
            "invalid destination url: endpoint has an invalid character",
        ),
        (
            {"destination": CONSUMER, "headers": {"Upstash-Forward-A": "1\r\nX: 1"}},
            "invalid item: header 'Upstash-Forward-A' can not be sent",
        ),
        (
            {"destination": CONSUMER, "headers": {"Upstash-Forward-A\r\nX": "1"}},
            "invalid item: header 'Upstash-Forward-A\\r\\nX' can not be sent",
        ),
    ],
)
def test_line_breaks__smuggle_nothing_into_a_delivery(item: object, error: str) -> None:
    reply = Bench().send("POST", "/v2/batch", [item])

    assert json.loads(reply.body) == [{"error": error}]


def test_text_beyond_ascii__is_sent_as_bytes_over_http() -> None:
    bench = Bench()
    headers = {"Upstash-Forward-A": "h\u00e9 \u4e2d"}
    item = {"destination": CONSUMER + "/\u00fc?q=\u00e9%20", "headers": headers}

    bench.send("POST", "/v2/batch", [item])
    bench.run()

    request = bench.consumer.seen[0].request
    assert request.url == CONSUMER + "/%C3%BC?q=%C3%A9%20"
    assert (request.header("A") or "").encode("latin-1").decode() == "h\u00e9 \u4e2d"
