"""Callbacks: when they come, what they say, what they are in the journal."""

import json
from base64 import b64decode
from typing import Any

import pytest

from emulator.exchange import Failure, Outcome, Reply
from emulator.kernel import Kernel, Limits
from emulator.qstash import Plan, QStash
from tests.qstash.support import BROKEN, CONSUMER, HOST, OK, Bench, Consumer, Seen, read

REPORTS = "https://report.example"
CALLBACK = {"Upstash-Callback": REPORTS + "/attempt"}
FAILURE = {"Upstash-Failure-Callback": REPORTS + "/end"}
BOTH = {**CALLBACK, **FAILURE}


class Reported(Bench):
    """A bench whose callbacks go to a consumer of their own."""

    def __init__(self, *script: Outcome | None, plan: Plan | None = None) -> None:
        super().__init__(*script, plan=plan)
        self.reports = self.report_to(OK)

    def report_to(self, *script: Outcome | None) -> Consumer:
        self.reports = self.kernel.origins[REPORTS] = Consumer(self.kernel, *script)
        return self.reports

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(seen.request.body) for seen in self.reports.seen]


def paths(seen: list[Seen]) -> list[tuple[int, str]]:
    return [(one.at_ms, one.request.raw_path) for one in seen]


def test_callback__says_everything() -> None:
    bench = Reported(Reply(201, (("x-one", "1"), ("X-One", "2")), b"\xff!"))
    message_id = bench.publish_id(
        {
            **BOTH,
            "Content-Type": "text/plain",
            "Upstash-Forward-My-Header": "v",
            "Upstash-Delay": "5s",
            "Upstash-Method": "PUT",
            "Upstash-Retries": "2",
        },
        b"\xfe",
    )
    bench.run()

    assert bench.told() == [
        {
            "status": 201,
            "header": {"X-One": ["1", "2"]},
            "body": "/yE=",
            "retried": 0,
            "maxRetries": 2,
            "sourceMessageId": message_id,
            "url": CONSUMER,
            "method": "PUT",
            "sourceHeader": {"My-Header": ["v"], "Content-Type": ["text/plain"]},
            "sourceBody": "/g==",
            "notBefore": 1_790_000_005_000,
            "createdAt": 1_790_000_000_000,
            "callerIP": "203.0.113.7",
        }
    ]


def test_callback__after_each_attempt_until_success() -> None:
    bench = Reported(BROKEN, Reply(404), OK)
    bench.publish({**BOTH, "Upstash-Retry-Delay": "1000"})

    bench.run()

    assert paths(bench.reports.seen) == [(0, "/attempt"), (1_000, "/attempt"), (2_000, "/attempt")]
    assert [(body["status"], body["retried"]) for body in bench.told()] == [
        (500, 0),
        (404, 1),
        (200, 2),
    ]


def test_callback__until_exhaustion_and_then_the_failure_callback_once() -> None:
    bench = Reported(BROKEN)
    bench.publish({**BOTH, "Upstash-Retries": "1", "Upstash-Retry-Delay": "1000"})

    bench.run()

    assert paths(bench.reports.seen) == [(0, "/attempt"), (1_000, "/attempt"), (1_000, "/end")]
    (letter,) = bench.qstash.dead_letters()
    *attempts, end = bench.told()
    assert end == {**attempts[-1], "dlqId": letter["dlqId"]}
    assert (end["retried"], end["maxRetries"], b64decode(end["body"])) == (1, 1, b"it broke")
    assert all("dlqId" not in body for body in attempts)


def test_failure_callback__alone() -> None:
    for script, count in (((OK,), 0), ((BROKEN,), 1), ((BROKEN, OK), 0)):
        bench = Reported(*script)
        bench.publish({**FAILURE, "Upstash-Retries": "1"})
        bench.run()
        assert len(bench.reports.seen) == count


def test_failure_callback__of_an_error_that_is_not_retried() -> None:
    bench = Reported(Reply(489, (("Upstash-NonRetryable-Error", "true"),)))
    bench.publish(BOTH)

    bench.run()

    assert paths(bench.reports.seen) == [(0, "/attempt"), (0, "/end")]
    assert [body["retried"] for body in bench.told()] == [0, 0]


def test_failure_callback__not_for_a_cancelled_message() -> None:
    bench = Reported(None)
    message_id = bench.publish_id({**BOTH, "Upstash-Timeout": "10s"})
    bench.run(until=1.0)
    bench.ask("DELETE", f"/v2/messages/{message_id}")

    bench.run()

    assert paths(bench.reports.seen) == [(10_000, "/attempt")]


def test_callback__without_a_response_says_why() -> None:
    bench = Reported(Failure("refused"))
    bench.publish({**CALLBACK, "Upstash-Retries": "0"})

    bench.run()

    (body,) = bench.told()
    assert (body["status"], body["header"]) == (0, {})
    assert b64decode(body["body"]).decode() == (
        f'unable to send request: Post "{CONSUMER}": '
        "dial tcp bot.example:443: connect: connection refused"
    )


def test_callback__has_of_a_body_what_the_plan_allows() -> None:
    bench = Reported(Reply(200, (), b"12345"), plan=Plan(max_body_bytes=4))
    bench.publish(CALLBACK, b"123")

    bench.run()

    assert [b64decode(body["body"]) for body in bench.told()] == [b"1234"]


def test_callback__is_an_ordinary_message() -> None:
    bench = Reported()
    bench.report_to(BROKEN, OK)
    source_id = bench.publish_id({**CALLBACK, "Upstash-Forward-Mine": "1"})

    bench.run()

    first, second = (seen.request for seen in bench.reports.seen)
    callback_id = first.header("Upstash-Message-Id")
    assert callback_id is not None
    assert callback_id != source_id
    assert second.header("Upstash-Message-Id") == callback_id
    assert [first.header("Upstash-Retried"), second.header("Upstash-Retried")] == ["0", "1"]
    assert (first.method, first.header("Content-Type")) == ("POST", "application/json")
    assert first.header("Upstash-Signature") != second.header("Upstash-Signature")
    assert (first.header("User-Agent"), first.header("Mine")) == ("Upstash-QStash", None)
    assert bench.states(callback_id) == [
        "CREATED",
        "ACTIVE",
        "ERROR",
        "RETRY",
        "ACTIVE",
        "DELIVERED",
    ]
    assert bench.qstash.source_of(callback_id) == source_id
    assert bench.qstash.source_of(source_id) == bench.qstash.source_of("msg_1") == ""


def test_callback__is_tried_as_often_as_its_source() -> None:
    bench = Reported()
    bench.report_to(BROKEN)
    bench.publish({**CALLBACK, "Upstash-Retries": "1"})

    bench.run()

    assert len(bench.reports.seen) == 2
    assert [letter["url"] for letter in bench.qstash.dead_letters()] == [REPORTS + "/attempt"]


def test_callback__is_configured_by_itself() -> None:
    bench = Reported()
    bench.report_to(None)
    bench.publish(
        {
            **CALLBACK,
            "Upstash-Callback-Method": "PUT",
            "Upstash-Callback-Timeout": "7s",
            "Upstash-Callback-Retries": "1",
            "Upstash-Callback-Retry-Delay": "3000",
            "Upstash-Callback-Delay": "2s",
            "Upstash-Callback-Forward-Authorization": "Bearer mine",
            "Upstash-Callback-Forward-Content-Type": "text/plain",
            "Upstash-Callback-Whatever": "1",
            "Upstash-Failure-Callback-Retries": "5",
        }
    )

    bench.run()

    assert [seen.at_ms for seen in bench.reports.seen] == [2_000, 12_000]
    request = bench.reports.seen[0].request
    assert (request.method, request.header("Authorization")) == ("PUT", "Bearer mine")
    assert [value for name, value in request.headers if name == "Content-Type"] == [
        "application/json"
    ]


def test_failure_callback__is_configured_by_itself() -> None:
    bench = Reported(BROKEN)
    bench.publish(
        {
            **BOTH,
            "Upstash-Retries": "0",
            "Upstash-Failure-Callback-Method": "PATCH",
            "Upstash-Failure-Callback-Forward-X": "end",
            "Upstash-Callback-Forward-X": "attempt",
        }
    )

    bench.run()

    attempt, end = (seen.request for seen in bench.reports.seen)
    assert (attempt.method, attempt.header("X")) == ("POST", "attempt")
    assert (end.method, end.header("X")) == ("PATCH", "end")


def test_callback__may_have_a_failure_callback() -> None:
    bench = Reported()
    bench.report_to(BROKEN, OK)
    bench.publish(
        {
            **CALLBACK,
            "Upstash-Callback-Retries": "0",
            "Upstash-Callback-Failure-Callback": REPORTS + "/lost",
            "Upstash-Callback-Failure-Callback-Method": "PUT",
        },
        call=bench.call(),
    )

    bench.run()

    assert paths(bench.reports.seen) == [(0, "/attempt"), (0, "/lost")]
    lost = bench.reports.seen[1]
    assert (lost.name, lost.delivery.generation, lost.request.method) == (
        "u0.w0.q0.c0.f0",
        3,
        "PUT",
    )
    assert bench.told()[1]["sourceMessageId"] == bench.reports.seen[0].request.header(
        "Upstash-Message-Id"
    )


def test_callback__by_query() -> None:
    bench = Reported()
    bench.publish(url=f"{CONSUMER}?upstash-callback=https%3A%2F%2Freport.example%2Fattempt&a=1")

    bench.run()

    assert bench.consumer.seen[0].request.url == CONSUMER + "?a=1"
    assert paths(bench.reports.seen) == [(0, "/attempt")]


def test_callback__is_no_publish_in_the_journal() -> None:
    bench = Reported(BROKEN, OK)
    call = bench.call()
    bench.publish({**CALLBACK, "Upstash-Retry-Delay": "1000"}, call=call)

    bench.run()

    (publish,) = bench.kernel.journal.entries("publish")
    assert [seen.name for seen in bench.reports.seen] == ["u0.w0.q0.c0", "u0.w0.q0.c1"]
    for seen in bench.reports.seen:
        delivery = seen.delivery
        assert (delivery.kind, delivery.cause) == ("queue", publish.seq)
        assert (delivery.roots, delivery.generation) == (("u0",), 2)
        assert delivery.routes == ("/api/webhook", "/api/consume")
    tally = bench.kernel.journal.tally("u0")
    assert (tally.publishes, tally.deliveries, tally.findings) == (1, 4, 0)
    assert (bench.qstash.published, bench.qstash.pending()) == (1, 0)


def test_callback__to_its_own_source_is_a_loop() -> None:
    bench = Reported()
    bench.publish({"Upstash-Callback": CONSUMER}, call=bench.call())

    bench.run()

    (loop,) = bench.kernel.journal.entries("finding")
    assert loop.name == "loop"
    assert loop.detail == {
        "delivery": "u0.w0.q0.c0",
        "cycle": ["/api/consume", "/api/consume"],
    }


def test_callback__waiting_is_pending() -> None:
    bench = Reported()
    bench.publish({**CALLBACK, "Upstash-Callback-Delay": "1h"})
    bench.run(until=60.0)

    assert bench.qstash.pending() == 1


def test_callback__beyond_the_limit_is_cut() -> None:
    bench = Reported()
    kernel = bench.kernel = Kernel(limits=Limits(generation=1))
    bench.qstash = QStash(kernel)
    bench.consumer = kernel.origins[HOST] = Consumer(kernel)
    bench.report_to()
    bench.publish(CALLBACK, call=bench.call())

    bench.run()

    assert (len(bench.consumer.seen), bench.reports.seen) == (1, [])
    assert [entry.name for entry in kernel.journal.entries("finding")] == ["runaway"]


def test_callback__is_no_finding() -> None:
    bench = Reported()
    bench.publish(BOTH)
    bench.run()

    assert list(bench.kernel.journal.entries("finding")) == []


def test_callback__dies_with_its_own_name() -> None:
    bench = Reported(BROKEN)
    bench.report_to(BROKEN)
    bench.publish({**BOTH, "Upstash-Retries": "0"}, call=bench.call())

    bench.run()

    assert [entry.name for entry in bench.kernel.journal.entries("dead")] == [
        "u0.w0.q0",
        "u0.w0.q0.c0",
        "u0.w0.q0.f0",
    ]


def test_message__shows_its_callbacks() -> None:
    bench = Reported(BROKEN)
    message_id = bench.publish_id(
        {
            **BOTH,
            "Upstash-Retries": "0",
            "Upstash-Callback-Forward-a": "1",
            "Upstash-Callback-Method": "PUT",
            "Upstash-Failure-Callback-Forward-B": "2",
        }
    )
    shown = read(bench.ask("GET", f"/v2/messages/{message_id}"))
    bench.run()

    expected = {"callback": REPORTS + "/attempt", "failureCallback": REPORTS + "/end"}
    headers = {"callbackHeader": {"A": ["1"]}, "failureCallbackHeader": {"B": ["2"]}}
    in_log = {"callbackHeaders": {"A": ["1"]}, "failureCallbackHeaders": {"B": ["2"]}}
    (letter,) = bench.qstash.dead_letters()
    for seen in (shown, letter):
        assert seen == {**seen, **expected, **headers}
    for event in bench.qstash.events(messageId=message_id):
        assert event == {**event, **expected, **in_log}


def test_message__without_callbacks_shows_none() -> None:
    bench = Reported()
    message_id = bench.publish_id({**CALLBACK, "Upstash-Callback-X": "1"})

    shown = read(bench.ask("GET", f"/v2/messages/{message_id}"))

    assert [key for key in shown if "allback" in key] == ["callback"]


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (
            {"Upstash-Callback": "report.example"},
            "invalid destination url: endpoint has invalid scheme, add http:// or https://",
        ),
        (
            {"Upstash-Failure-Callback": "https://"},
            "invalid destination url: endpoint has no valid host",
        ),
        (
            {**CALLBACK, "Upstash-Callback-Retries": "6"},
            "quota maxRetries exceeded, current limit: 5",
        ),
        (
            {**CALLBACK, "Upstash-Callback-Delay": "8d"},
            "quota maxDelay exceeded, current limit: 604800",
        ),
        (
            {**FAILURE, "Upstash-Failure-Callback-Timeout": "0s"},
            "invalid Upstash-Failure-Callback-Timeout: must be greater than zero",
        ),
        (
            {**CALLBACK, "Upstash-Callback-Method": "TRACE"},
            "invalid Upstash-Callback-Method: 'TRACE' is none of DELETE, GET, PATCH, POST, PUT",
        ),
        (
            {**CALLBACK, "Upstash-Callback-Retry-Delay": "2 **"},
            "invalid Upstash-Callback-Retry-Delay: unexpected '*' at position 3",
        ),
    ],
)
def test_malformed_callback__is_refused(headers: dict[str, str], text: str) -> None:
    bench = Reported()

    reply = bench.publish(headers)

    assert (reply.status, read(reply)) == (400, {"error": text})
    assert bench.qstash.published == 0


def test_loopback_callback__is_refused_where_that_is_switched_on() -> None:
    bench = Bench(allow_loopback=False)

    reply = bench.publish({"Upstash-Callback": "http://127.0.0.1/"})

    assert read(reply) == {
        "error": "invalid destination url: endpoint resolves to a loopback address: 127.0.0.1"
    }
