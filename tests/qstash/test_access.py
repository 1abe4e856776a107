"""What requests read and write: those that order each other's deliveries must meet."""

import json

import pytest

from emulator.call import Access
from emulator.exchange import Request
from tests.qstash.support import API, CONSUMER, Bench

FLOW = {"Upstash-Flow-Control-Key": "k", "Upstash-Flow-Control-Value": "rate=1"}
ID = {"Upstash-Deduplication-Id": "m_1"}
BY_CONTENT = {"Upstash-Content-Based-Deduplication": "true"}


def access(
    bench: Bench, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> Access:
    return bench.qstash.access(Request(method, API + path, tuple((headers or {}).items()), body))


def meet(one: Access, other: Access) -> bool:
    return not (
        one.writes.isdisjoint(other.writes | other.reads) and other.writes.isdisjoint(one.reads)
    )


def batch(*items: object) -> bytes:
    return json.dumps(items).encode()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("POST", f"/v2/enqueue/q/{CONSUMER}"), ("POST", f"/v2/enqueue/q/{CONSUMER}")),
        (("POST", f"/v2/enqueue/q/{CONSUMER}"), ("POST", "/v2/queues/q/pause")),
        (("POST", f"/v2/enqueue/q/{CONSUMER}"), ("GET", "/v2/queues")),
        (("POST", f"/v2/publish/{CONSUMER}", FLOW), ("POST", f"/v2/publish/{CONSUMER}", FLOW)),
        (("POST", f"/v2/publish/{CONSUMER}", FLOW), ("GET", "/v2/flowControl/k")),
        (("POST", "/v2/publish/group"), ("POST", "/v2/topics/group/endpoints")),
        (("POST", f"/v2/schedules/{CONSUMER}"), ("GET", "/v2/schedules")),
        (("POST", f"/v2/publish/{CONSUMER}", {"Upstash-Cron": "x"}), ("GET", "/v2/schedules")),
        (("POST", "/v2/schedules/group"), ("PATCH", "/v2/topics/group")),
        (("DELETE", "/v2/messages?messageIds=a,b"), ("GET", "/v2/messages/b")),
        (
            ("DELETE", "/v2/messages", {}, b'{"messageIds":["a"]}'),
            ("DELETE", "/v2/messages/a"),
        ),
        (
            ("POST", "/v2/batch", {}, batch({"destination": CONSUMER, "headers": ID})),
            ("POST", f"/v2/publish/{CONSUMER}", ID),
        ),
        (
            ("POST", "/v2/batch", {}, batch({"destination": CONSUMER, "queue": "q"})),
            ("POST", f"/v2/enqueue/q/{CONSUMER}"),
        ),
        (
            ("POST", "/v2/dlq/retry/1-0", BY_CONTENT),
            ("POST", f"/v2/publish/{CONSUMER}", BY_CONTENT),
        ),
        (
            ("POST", "/v2/batch", {}, batch({"destination": "group", "headers": FLOW})),
            ("DELETE", "/v2/topics/group"),
        ),
    ],
)
def test_meet(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    bench = Bench()

    assert meet(access(bench, *first), access(bench, *second))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("POST", f"/v2/publish/{CONSUMER}"), ("POST", f"/v2/enqueue/q/{CONSUMER}")),
        (("POST", "/v2/publish/group"), ("POST", "/v2/publish/group")),
        (
            ("POST", "/v2/batch", {}, batch({"destination": CONSUMER})),
            ("POST", "/v2/batch", {}, batch({"destination": CONSUMER}, 1)),
        ),
        (("GET", "/v2/queues"), ("GET", "/v2/queues/q")),
        (("POST", "/v2/batch", {}, b"["), ("POST", "/v2/keys/rotate")),
    ],
)
def test_do_not_meet(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    bench = Bench()

    assert not meet(access(bench, *first), access(bench, *second))  # type: ignore[arg-type]
