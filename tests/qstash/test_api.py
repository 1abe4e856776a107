"""The HTTP surface: who gets in, what is where, what is not."""

import pytest

from emulator.exchange import Reply, Request
from tests.qstash.support import API, CONSUMER, Bench, read

INVALID = b'{"error":"unable to authenticate: invalid token"}'


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer wrong"}, {"Authorization": ""}, {"Authorization": "Basic x"}],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/v2/publish/{CONSUMER}"),
        ("GET", "/v2/events"),
        ("GET", "/v2/keys"),
        ("DELETE", "/v2/messages/msg_1"),
        ("GET", "/v2/queues"),
    ],
)
def test_token__is_needed(method: str, path: str, headers: dict[str, str]) -> None:
    bench = Bench()

    reply = bench.ask(method, path, headers)

    assert (reply.status, reply.body) == (401, INVALID)
    assert (bench.qstash.published, len(bench.kernel.journal)) == (0, 0)


def test_token__absent() -> None:
    reply = Bench().qstash.handle(Request("GET", API + "/v2/keys"))

    assert (reply.status, reply.body) == (401, INVALID)


def test_token__in_the_query() -> None:
    bench = Bench()
    token = bench.qstash.token.replace("=", "%3D")

    for path in (f"/v2/keys?qstash_token={token}", f"/v2/dlq?qstash_token={token}"):
        assert bench.qstash.handle(Request("GET", API + path)).status == 200
    wrong = bench.qstash.handle(Request("GET", f"{API}/v2/keys?qstash_token={token}x"))
    assert (wrong.status, wrong.body) == (401, INVALID)


def test_publish__answer() -> None:
    reply = Bench().publish()

    assert reply.status == 200
    assert set(read(reply)) == {"messageId", "url"}
    assert reply.header("content-type") == "application/json"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_publish__wrong_method(method: str) -> None:
    reply = Bench().ask(method, f"/v2/publish/{CONSUMER}")

    assert (reply.status, reply.body) == (405, b"Method Not Allowed")
    assert (reply.header("content-type") or "").startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v2/events"), ("PUT", "/v2/dlq"), ("POST", "/v2/keys"), ("GET", "/v2/keys/rotate")],
)
def test_wrong_method(method: str, path: str) -> None:
    bench = Bench()

    reply = bench.ask(method, path)

    assert (reply.status, reply.body) == (405, b"Method Not Allowed")
    assert (reply.header("content-type") or "").startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/llm/v1/chat/completions"),
        ("GET", "/v2/bulkActions"),
        ("GET", "/v2/bulkActions/bulk_0"),
        ("GET", "/"),
    ],
)
def test_unknown_route__is_a_finding(method: str, path: str) -> None:
    bench = Bench()

    reply = bench.ask(method, path)

    assert reply.status == 404
    assert read(reply) == {"error": f"{method} {path} is not offered by this emulator"}
    (finding,) = bench.kernel.journal.entries("finding")
    assert finding.name == "unsupported"
    assert finding.detail == {"service": "qstash", "what": f"{method} {path}"}


def test_unknown_route__names_its_cause() -> None:
    bench = Bench()
    call = bench.call()

    bench.ask("GET", "/v2/bulkActions", call=call)

    (finding,) = bench.kernel.journal.entries("finding")
    assert (finding.cause, finding.roots, finding.generation) == (call.entry, ("u0",), 0)


def test_refusal__is_no_finding() -> None:
    bench = Bench()
    bench.publish({"Upstash-Retries": "99"})
    bench.ask("GET", "/v2/messages/msg_1")

    assert len(bench.kernel.journal) == 0


def test_message__shows_every_field() -> None:
    bench = Bench()
    message_id = bench.publish_id(
        {
            "Content-Type": "application/json",
            "Upstash-Forward-Test-Header": "v",
            "Upstash-Label": "a, b",
            "Upstash-Method": "PUT",
            "Upstash-Retries": "2",
            "Upstash-Retry-Delay": "1000 * retried",
            "Upstash-Delay": "5s",
        },
        '{"a":"ü"}'.encode(),
    )

    assert read(bench.ask("GET", f"/v2/messages/{message_id}")) == {
        "messageId": message_id,
        "url": CONSUMER,
        "method": "PUT",
        "header": {"Test-Header": ["v"], "Content-Type": ["application/json"]},
        "body": '{"a":"ü"}',
        "maxRetries": 2,
        "notBefore": 1_790_000_005_000,
        "createdAt": 1_790_000_000_000,
        "callerIP": "203.0.113.7",
        "callerIp": "203.0.113.7",
        "label": "a",
        "labels": ["a", "b"],
        "retryDelayExpression": "1000 * retried",
    }


def test_message__body_is_text_or_base64_or_absent() -> None:
    bench = Bench()
    shown = [
        read(bench.ask("GET", f"/v2/messages/{bench.publish_id(body=body)}"))
        for body in (b"text", b"\xff", b"")
    ]

    assert [{key for key in message if key.startswith("body")} for message in shown] == [
        {"body"},
        {"bodyBase64"},
        set(),
    ]


def test_missing__is_404_in_json() -> None:
    bench = Bench()

    replies = [
        bench.ask("GET", "/v2/messages/msg_1"),
        bench.ask("DELETE", "/v2/messages/msg_1"),
        bench.ask("GET", "/v2/dlq/1-0"),
        bench.ask("GET", "/v2/dlq/retry"),
        bench.ask("DELETE", "/v2/dlq/1-0"),
        bench.ask("POST", "/v2/dlq/retry/1-0"),
    ]

    assert [reply.status for reply in replies] == [404] * 6
    assert [read(reply)["error"] for reply in replies] == [
        "message msg_1 not found",
        "message msg_1 not found",
        "dlq message 1-0 not found",
        "dlq message retry not found",
        "dlq message 1-0 not found",
        "dlq message 1-0 not found",
    ]


def test_keys__rotate() -> None:
    bench = Bench()
    before = read(bench.ask("GET", "/v2/keys"))

    after = read(bench.ask("POST", "/v2/keys/rotate"))

    assert after["current"] == before["next"]
    assert after == read(bench.ask("GET", "/v2/keys"))
    assert before == {
        "current": "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r",
        "next": "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs",
    }


@pytest.mark.parametrize("path", ["/v2/events/", "/v2/dlq/", "/v2/keys/"])
def test_collection__with_a_slash_at_the_end(path: str) -> None:
    assert Bench().ask("GET", path).status == 200


def test_secrets__are_in_no_journal_entry() -> None:
    bench = Bench(Reply(500))
    bench.publish({"Upstash-Retries": "0"}, call=bench.call())
    bench.ask("GET", "/v2/waiters/event")
    bench.run()

    text = repr(list(bench.kernel.journal.entries()))

    assert bench.qstash.token not in text
    assert bench.qstash.keys.current not in text


def test_read_only_token__may_read_and_nothing_else() -> None:
    bench = Bench(read_only_token="reader")
    reader = {"Authorization": "Bearer reader"}

    assert bench.ask("GET", "/v2/events", reader).status == 200
    assert bench.qstash.handle(Request("GET", API + "/v2/keys?qstash_token=reader")).status == 200
    refused = [
        bench.publish(reader),
        bench.ask("POST", "/v2/batch", reader, b"[]"),
        bench.ask("DELETE", "/v2/messages", reader),
        bench.ask("POST", "/v2/keys/rotate", reader),
    ]
    assert {(reply.status, reply.body) for reply in refused} == {
        (403, b'{"error":"unauthorized: the token is read-only"}')
    }
    assert bench.qstash.published == 0
