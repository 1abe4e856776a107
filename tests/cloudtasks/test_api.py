"""The REST surface: credentials, bodies, addresses."""

import json
from typing import Any

import pytest

from emulator.cloudtasks import ORIGIN, QUEUE
from emulator.exchange import Request
from tests.cloudtasks.support import BEARER, Bench, http


@pytest.mark.parametrize("given", [None, "Basic x", "Bearer", "Bearer  "])
def test_credentials__are_needed(given: str | None) -> None:
    headers = () if given is None else (("Authorization", given),)
    status, shown = Bench().ask("GET", QUEUE, headers=headers)
    assert (status, shown["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_fields__also_by_their_other_names() -> None:
    bench = Bench()
    task = {"http_request": {"url": "https://worker.example.com/x", "http_method": "GET"}}
    assert bench.ask("POST", f"{QUEUE}/tasks", {"task": task, "response_view": "FULL"})[0] == 200
    bench.run()
    assert bench.seen[0][1].method == "GET"


def test_fields__enums_also_by_number() -> None:
    bench = Bench()
    bench.made(httpRequest=http(httpMethod=6))
    bench.run()
    assert bench.seen[0][1].method == "PATCH"


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (
            {"nam": 1},
            "Invalid JSON payload received. Unknown name \"nam\" at 'task': Cannot find field.",
        ),
        ({"scheduleTime": 5}, "Invalid value at 'task.schedule_time' (TYPE_STRING), 5"),
        (
            {"scheduleTime": "now"},
            "Invalid value at 'task.schedule_time' "
            '(type.googleapis.com/google.protobuf.Timestamp), "now"',
        ),
        (
            {"dispatchDeadline": "1 h"},
            "Invalid value at 'task.dispatch_deadline' "
            '(type.googleapis.com/google.protobuf.Duration), "1 h"',
        ),
        (
            {"httpRequest": {**http(), "body": "%"}},
            "Invalid value at 'task.http_request.body' (TYPE_BYTES), \"Base64 decoding failed\"",
        ),
        (
            {"httpRequest": http(httpMethod="FETCH")},
            "Invalid value at 'task.http_request.http_method' (an enum value), \"FETCH\"",
        ),
        (
            {"httpRequest": {}},
            "HttpRequest.url must start with 'http://' or 'https://'.",
        ),
    ],
)
def test_body__refused(task: dict[str, Any], message: str) -> None:
    assert Bench().refused(**task) == (400, "INVALID_ARGUMENT", message)


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_body__that_is_no_message(body: bytes) -> None:
    bench = Bench()
    reply = bench.tasks.handle(Request("POST", f"{ORIGIN}/v2/{QUEUE}/tasks", BEARER, body))
    assert reply.status == 400
    assert json.loads(reply.body)["error"]["status"] == "INVALID_ARGUMENT"


def test_address__that_means_nothing() -> None:
    bench = Bench()
    reply = bench.tasks.handle(Request("GET", f"{ORIGIN}/v3/nothing", BEARER))
    assert reply.status == 404
    (finding,) = bench.kernel.journal.entries("finding")
    assert finding.detail == {"service": "cloudtasks", "what": "GET /v3/nothing"}


@pytest.mark.parametrize(
    ("method", "path", "body", "what"),
    [
        (
            "POST",
            f"{QUEUE}/tasks",
            {"task": {"appEngineHttpRequest": {}}},
            "tasks for App Engine (appEngineHttpRequest)",
        ),
        ("PATCH", QUEUE, {"httpTarget": {}}, "queues with httpTarget"),
    ],
)
def test_not_served__is_a_finding(method: str, path: str, body: object, what: str) -> None:
    bench = Bench()
    status, shown = bench.ask(method, path, body)
    assert (status, shown["error"]["status"]) == (501, "UNIMPLEMENTED")
    (finding,) = bench.kernel.journal.entries("finding")
    assert finding.detail == {"service": "cloudtasks", "what": what}


def test_name__of_a_task_escaped_in_the_path() -> None:
    bench = Bench()
    bench.ask("POST", f"{QUEUE}:pause", {})
    bench.made("a-b_c")
    assert bench.ask("GET", f"{QUEUE}/tasks/a%2Db_c")[0] == 200


def test_keys__are_there_for_who_reaches_nothing_else() -> None:
    bench = Bench()
    reply = bench.tasks.handle(Request("GET", f"{ORIGIN}/oauth2/v3/certs"))
    kids = [key["kid"] for key in json.loads(reply.body)["keys"]]
    assert kids == [key.id for key in bench.tasks.keys.published]


def test_cost__calls_and_attempts_by_32_kb() -> None:
    bench = Bench()
    bench.made()
    bench.run()
    assert bench.tasks.cost == 2
    bench.made(httpRequest=http(b"x" * 40_000))
    bench.run()
    # The call holds the body in base64: 53 kB.
    assert bench.tasks.cost == 2 + 2 + 2
