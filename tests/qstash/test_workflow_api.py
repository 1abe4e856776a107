"""Workflow's own calls: events and who waits for them, invocations, the log, cancelling many."""

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from emulator.exchange import Request
from emulator.qstash import workflow_dlq
from emulator.qstash.workflow_api import HOOK_PATH, TABLE
from tests.qstash.support import API, BROKEN, HOST, OK, Bench, read
from tests.qstash.workflow_support import (
    FLOW,
    INIT,
    RUN,
    STEP,
    add,
    begin,
    collected,
    end,
    error,
    log,
    notify,
    step_of,
    wait,
)

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "qstash.md").read_text()


def woken(bench: Bench) -> Any:
    """The latest step that was delivered."""
    return json.loads(collected(bench.consumer.seen[-1].request)[-1][1])


def test_page__lists_every_call() -> None:
    section = PAGE.split("\n## Workflow\n", 1)[1].split("\n## ", 1)[0]
    listed = re.findall(r"^\| ([A-Z]+) `([^`]+)` .*\| `test_\w+\.py::test_\w+` \|$", section, re.M)

    assert listed == [
        *((method, path) for method, path, _ in (*TABLE, *workflow_dlq.TABLE)),
        ("POST", "/v2/trigger/{destination}"),
        ("ANY", HOOK_PATH),
    ]


def test_notify__wakes_who_waits() -> None:
    bench = Bench()
    begin(bench)
    message_id = read(wait(bench, "event"))["messageId"]
    bench.run(until=60.0)
    (told,) = notify(bench, "event", b'{"paid":1}')
    bench.run(until=61.0)

    step = woken(bench)
    assert (step["stepName"], step["waitEventId"]) == ("wait", "event")
    assert (b64decode(step["out"]), step["waitTimeout"]) == (b'{"paid":1}', False)
    assert bench.consumer.seen[-1].at_ms == 60_000
    assert (told["messageId"], told["workflowRunId"], told["error"]) == (message_id, RUN, "")
    assert told["waiter"]["url"] == FLOW
    assert notify(bench, "event") == []


def test_wait__ends_with_its_time() -> None:
    bench = Bench()
    begin(bench)
    wait(bench, "event", timeout="1h")
    bench.run()

    step = woken(bench)
    assert (step["waitTimeout"], "out" in step) == (True, False)
    assert bench.consumer.seen[-1].at_ms == 3_600_000
    assert bench.get("/v2/waiters/event") == []


def test_waiters__are_listed() -> None:
    bench = Bench()
    begin(bench)
    wait(bench, "event", timeout="1h")

    (waiter,) = bench.get("/v2/waiters/event")
    assert (waiter["url"], waiter["timeoutUrl"]) == (FLOW, FLOW)
    assert waiter["deadline"] == 1_790_003_600
    assert waiter["headers"]["Upstash-Workflow-Runid"] == [RUN]


def test_event_for_a_run__is_kept_until_it_waits() -> None:
    bench = Bench()
    begin(bench)
    assert read_list(bench.ask("POST", f"/v2/notify/{RUN}/event", body=b"early").body) == []
    wait(bench, "event")
    bench.run(until=1.0)

    assert b64decode(woken(bench)["out"]) == b"early"


def test_event_for_a_run__wakes_no_other() -> None:
    bench = Bench()
    begin(bench)
    bench.publish_id({**INIT, "Upstash-Workflow-RunId": "wfr_2"}, b"", url=FLOW)
    wait(bench, "event")
    wait(bench, "event", run="wfr_2")

    (told,) = read_list(bench.ask("POST", "/v2/notify/wfr_2/event", body=b"").body)
    assert told["workflowRunId"] == "wfr_2"
    assert len(bench.get("/v2/waiters/event")) == 1


def read_list(body: bytes) -> list[Any]:
    value = json.loads(body)
    assert isinstance(value, list)
    return value


@pytest.mark.parametrize("early", [True, False])
def test_webhook__of_a_run_needs_no_token(early: bool) -> None:
    bench = Bench()
    begin(bench)
    address = f"{API}/v2/workflows/hooks/defaultUser/{RUN}/evt?a=1"
    called = Request("PUT", address, (("host", "qstash.upstash.io"), ("x-mark", "m")), b"called")
    if not early:
        wait(bench, "evt")
    assert bench.qstash.handle(called).status == 200
    if early:
        wait(bench, "evt")
    bench.run(until=1.0)

    told = json.loads(b64decode(woken(bench)["out"]))
    assert (told["method"], b64decode(told["body"])) == ("PUT", b"called")
    assert told["header"]["X-Mark"] == ["m"]
    assert told["url"] == f"/v2/workflows/hooks/defaultUser/{RUN}/evt?a=1"
    assert (told["proto"], told["host"]) == ("https", "qstash.upstash.io")
    end(bench)
    assert bench.qstash.handle(called).status == 404


def triggered(bench: Bench, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = bench.ask("POST", f"/v2/trigger/{FLOW}?a=1", named, b"payload")
    assert reply.status == 201, reply
    return json.loads(reply.body)


def test_trigger__has_the_sdk_begin_the_run() -> None:
    bench = Bench()
    told = triggered(bench, Upstash_Forward_X_Mark="m", Upstash_Retries="1")
    bench.busy(10.0)
    bench.run(until=1.0)
    run_id = told["workflowRunId"]
    assert told == {"workflowRunId": run_id, "workflowCreatedAt": 1_790_000_000_000}
    assert len(run_id) == len("wfr_") + 21
    (asked,) = (seen.request for seen in bench.consumer.seen)
    assert asked.url == FLOW + "?a=1"
    assert asked.header("Upstash-Workflow-Unknown-Sdk") == "true"
    assert (asked.header("Upstash-Workflow-RunId"), asked.header("X-Mark")) == (run_id, "m")
    assert collected(asked) == [("step", "payload")]

    begun = {**INIT, "Upstash-Workflow-RunId": run_id, "Upstash-Workflow-Trigger-By-Sdk": "true"}
    first = read(bench.publish(begun, b"payload", url=FLOW))
    again = read(bench.publish(begun, b"payload", url=FLOW))
    bench.run()
    assert (first.get("deduplicated"), again["deduplicated"]) == (None, True)
    assert bench.consumer.seen[-1].request.header("Upstash-Workflow-Unknown-Sdk") is None
    assert collected(bench.consumer.seen[-1].request) == [("step", "payload")]
    assert log(bench, run_id)["workflowState"] == "RUN_STARTED"
    assert bench.get(f"/v2/messages/{first['messageId']}")["maxRetries"] == 1


def test_trigger__of_an_sdk_that_does_not_know_it_fails() -> None:
    bench = Bench()
    told = triggered(bench, Upstash_Workflow_RunId=RUN)
    bench.run()

    assert told["workflowRunId"] == RUN
    assert log(bench)["workflowState"] == "RUN_FAILED"


def test_trigger__many() -> None:
    bench = Bench()
    bench.send("POST", "/v2/topics/g/endpoints", {"endpoints": [{"url": FLOW}]})
    items = [
        {"destination": FLOW, "body": "a", "headers": {"Upstash-Workflow-RunId": "wfr_2"}},
        {"destination": "g"},
        {"body": "b"},
        7,
    ]
    reply = bench.send("POST", "/v2/batch/trigger", items)

    assert reply.status == 201
    told = read_list(reply.body)
    assert told[0]["workflowRunId"] == "wfr_2"
    assert [one["error"] for one in told[1:]] == [
        "invalid destination url: a URL group has no workflow",
        "invalid item: destination and body must be strings",
        "invalid item: must be a JSON object",
    ]


def test_wait_of_a_run_that_is_over__is_refused() -> None:
    bench = Bench()
    begin(bench)
    wait(bench, "event")
    end(bench, cancel=True)

    gone = (400, "workflow run wfr_1 is not running")
    assert error(wait(bench, "event")) == gone
    assert error(bench.ask("POST", f"/v2/notify/{RUN}/event")) == gone
    assert bench.get("/v2/waiters/event") == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"url": FLOW}, "invalid body: needs a url and a step"),
        (
            {"url": FLOW, "step": {}, "timeout": "soon"},
            "invalid timeout: 'soon' is not a duration such as 50s or 1d10h30m",
        ),
        (
            {"url": "flow", "step": {}},
            "invalid destination url: endpoint has invalid scheme, add http:// or https://",
        ),
    ],
)
def test_wait__refused(asked: object, message: str) -> None:
    assert error(Bench().send("POST", "/v2/wait/event", asked)) == (400, message)


@pytest.mark.parametrize(
    ("how", "out"),
    [
        ("finished", {"workflowRunId": "wfr_2", "body": '"done"'}),
        ("cancelled", {"workflowRunId": "wfr_2", "body": "", "isCanceled": True}),
        ("failed", {"workflowRunId": "wfr_2", "body": "", "isFailed": True}),
    ],
)
def test_invoke__tells_the_run_that_waits(how: str, out: object) -> None:
    bench = Bench(OK, BROKEN if how == "failed" else OK, OK)
    begin(bench)
    bench.run()
    asked = {
        "body": "payload",
        "headers": {name: [value] for name, value in STEP.items()},
        "workflowRunId": RUN,
        "workflowRunCreatedAt": 1,
        "workflowUrl": FLOW,
        "step": {"stepId": 1, "stepName": "child", "stepType": "Invoke", "concurrent": 1},
    }
    invoke = {
        **INIT,
        "Upstash-Workflow-RunId": "wfr_2",
        "Upstash-Workflow-Invoke": "true",
        "Upstash-Retries": "0",
    }
    bench.publish_id(invoke, json.dumps(asked).encode(), url=HOST + "/child")
    bench.run()
    assert collected(bench.consumer.seen[1].request) == [("step", "payload")]
    if how != "failed":
        end(bench, b'"done"' if how == "finished" else b"", cancel=how == "cancelled", run="wfr_2")
        bench.run()

    step = woken(bench)
    assert (step["stepName"], json.loads(step["out"])) == ("child", out)
    assert bench.consumer.seen[-1].request.url == FLOW
    assert log(bench, "wfr_2")["invoker"]["workflowRunId"] == RUN


def test_invocation__has_to_say_who_invokes() -> None:
    reply = Bench().publish({**INIT, "Upstash-Workflow-Invoke": "true"}, b"{}", url=FLOW)

    assert error(reply) == (400, "invalid body: must be an invocation of a workflow")


def test_runs__are_cancelled_by_ids_or_filters() -> None:
    bench = Bench()
    for run, path in (("wfr_1", "/a"), ("wfr_2", "/a/b"), ("wfr_3", "/c"), ("wfr_4", "/c")):
        headers = {**INIT, "Upstash-Workflow-RunId": run, "Upstash-Delay": "1h"}
        bench.publish_id(headers, b"", url=HOST + path)

    def cancel(query: str) -> int:
        return int(read(bench.ask("DELETE", f"/v2/workflows/runs?{query}"))["cancelled"])

    assert cancel("workflowRunIds=wfr_4,wfr_9&workflowRunIds=wfr_4") == 1
    assert cancel(f"workflowUrl={HOST}/a&workflowUrlExactMatch=true&count=100") == 1
    assert cancel(f"workflowUrl={HOST}/a&count=100") == 1
    assert cancel("count=100") == 1
    assert bench.qstash.pending() == 0
    assert error(bench.ask("DELETE", "/v2/workflows/runs?host=x")) == (
        400,
        "unknown query parameter: host",
    )


def test_log__groups_what_ran_side_by_side_and_goes_on_by_its_cursor() -> None:
    bench = Bench()
    begin(bench, Upstash_Label="l")
    for number in (1, 2):
        add(bench, step_of(0, f"plan {number}", targetStep=number, concurrent=2))
    for number in (2, 1):
        add(bench, step_of(number, f"step {number}", concurrent=2))
    add(bench, step_of(3, "last"), {"Upstash-Delay": "1h"})
    bench.publish_id({**INIT, "Upstash-Workflow-RunId": "wfr_2"}, b"", url=FLOW)
    bench.run(until=1.0)

    page = bench.get("/v2/workflows/logs?count=1")
    assert [run["workflowRunId"] for run in page["runs"]] == ["wfr_2"]
    rest = bench.get(f"/v2/workflows/logs?count=1&cursor={page['cursor']}")
    (run,) = rest["runs"]
    assert "cursor" not in rest
    assert [(group["type"], len(group["steps"])) for group in run["steps"]] == [
        ("sequential", 1),
        ("parallel", 4),
        ("sequential", 1),
        ("next", 1),
    ]
    assert [
        found["workflowRunId"] for found in bench.get("/v2/workflows/events?label=l")["runs"]
    ] == [RUN]


def test_access__of_what_touches_a_run_meets() -> None:
    bench = Bench()

    def touched(method: str, path: str, headers: dict[str, str] | None = None) -> frozenset[str]:
        access = bench.qstash.access(Request(method, API + path, tuple((headers or {}).items())))
        return access.reads | access.writes

    assert "qstash:workflows" in touched("POST", f"/v2/publish/{FLOW}", STEP)
    for method, path in (
        ("POST", f"/v2/trigger/{FLOW}"),
        ("POST", "/v2/batch/trigger"),
        ("POST", "/v2/wait/event"),
        ("POST", "/v2/notify/event"),
        ("GET", "/v2/waiters/event"),
        ("DELETE", f"/v2/workflows/runs/{RUN}"),
    ):
        assert touched(method, path) == {"qstash:workflows"}
    assert touched("POST", "/v2/workflows/dlq/resume/1-0") == {"qstash:workflows", "qstash:dlq"}
    assert "qstash:workflows" not in touched("POST", f"/v2/publish/{FLOW}")
