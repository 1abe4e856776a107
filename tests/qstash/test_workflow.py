"""Workflow runs, as the queue keeps them: what is delivered, what is inherited, how they end."""

import json
from base64 import b64decode

import pytest

from emulator.exchange import Reply
from emulator.qstash import Plan
from tests.qstash.support import BROKEN, CONSUMER, HOST, OK, Bench, Breaking, read
from tests.qstash.workflow_support import (
    CALL,
    FAILURE,
    FEATURES,
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
    names,
    step_of,
)

GONE = (400, "workflow run wfr_1 is not running")


def test_first_delivery__has_the_initial_payload_and_says_which_run() -> None:
    bench = Bench()
    first = begin(bench, b"initial", Upstash_Forward_X_Mark="m")
    bench.run()

    (seen,) = bench.consumer.seen
    headers = {
        name: value
        for name, value in seen.request.headers
        if name.startswith(("Upstash-Workflow", "Upstash-Feature", "X-"))
    }
    assert headers == {
        "Upstash-Workflow-RunId": RUN,
        "Upstash-Workflow-Init": "true",
        "Upstash-Workflow-Url": FLOW,
        "Upstash-Workflow-CreatedAt": "1790000000000",
        "Upstash-Workflow-Sdk-Version": "1",
        "Upstash-Feature-Set": FEATURES,
        "X-Mark": "m",
    }
    assert collected(seen.request) == [("step", "initial")]
    assert json.loads(seen.request.body)[0]["messageId"] == first


def test_step__is_delivered_with_all_before_it_and_none_after_it() -> None:
    bench = Bench()
    begin(bench)
    add(bench, step_of(0, "plan a", targetStep=1), {"Upstash-Delay": "10s"})
    add(bench, step_of(0, "plan b", targetStep=2))
    add(bench, step_of(2, "b"))
    bench.run()

    assert [names(seen.request) for seen in bench.consumer.seen] == [
        [],
        ["plan a", "plan b"],
        ["plan a", "plan b", "b"],
        ["plan a"],
    ]
    assert bench.consumer.seen[-1].at_ms == 10_000


def test_step__has_what_the_trigger_said_unless_it_says_otherwise() -> None:
    bench = Bench(OK, BROKEN)
    begin(bench, Upstash_Forward_X_Mark="m", Upstash_Retries="1", Upstash_Label="l")
    step_id = str(read(add(bench, step_of(1, "a")))["messageId"])
    own = str(read(add(bench, step_of(2, "b"), {"Upstash-Retries": "0"}))["messageId"])

    inherited, brought = (bench.get(f"/v2/messages/{one}") for one in (step_id, own))
    assert (inherited["maxRetries"], inherited["labels"]) == (1, ["l"])
    assert inherited["header"]["X-Mark"] == ["m"]
    assert inherited["workflowRunId"] == RUN
    assert (brought["maxRetries"], brought["labels"]) == (0, ["l"])


def test_trigger_of_a_known_run__is_a_duplicate() -> None:
    bench = Bench()
    first = begin(bench)
    again = read(bench.publish(INIT, b"other", url=FLOW))
    end(bench)
    after_the_end = read(bench.publish(INIT, b"other", url=FLOW))
    bench.run()

    assert (again["messageId"], again["deduplicated"]) == (first, True)
    assert after_the_end["deduplicated"] is True
    assert bench.qstash.published == 1


def test_step_of_a_run_that_is_over__is_refused() -> None:
    bench = Bench()
    begin(bench)
    bench.run()
    assert end(bench).status == 200

    assert error(add(bench, step_of(1, "a"))) == GONE
    item = {"destination": FLOW, "headers": STEP, "body": "{}"}
    assert error(bench.send("POST", "/v2/batch", [item])) == GONE
    assert error(end(bench)) == (404, "workflow run wfr_1 not found")
    assert bench.ask("GET", f"/v2/workflows/runs/{RUN}").status == 404


def test_step_of_an_unknown_run__is_refused() -> None:
    assert error(add(Bench(), step_of(1, "a"))) == GONE


def test_trigger_without_an_id__is_refused() -> None:
    reply = Bench().publish({"Upstash-Workflow-Init": "true"}, url=FLOW)

    assert error(reply) == (
        400,
        "invalid Upstash-Workflow-Runid: is needed with Upstash-Workflow-Init",
    )


def test_cancel__ends_what_waits_and_what_is_under_way() -> None:
    bench = Bench(BROKEN)
    begin(bench)
    bench.run(until=1.0)
    add(bench, step_of(1, "a"), {"Upstash-Delay": "1h"})

    assert end(bench, cancel=True).status == 200
    bench.run()
    assert len(bench.consumer.seen) == 1
    assert bench.qstash.pending() == 0
    assert bench.qstash.dead_letters() == []
    assert log(bench)["workflowState"] == "RUN_CANCELED"


def test_end__leaves_no_retry_of_the_attempt_in_which_it_came() -> None:
    bench = Bench()
    busy = bench.busy(5.0)
    first = begin(bench)
    bench.run(until=1.0)
    bench.qstash.lose_answer(first)
    end(bench, b'"done"')
    bench.run()

    assert len(busy.seen) == 1
    assert bench.states(first) == ["CREATED", "ACTIVE", "ERROR", "CANCELED"]
    run = log(bench)
    assert (run["workflowState"], run["workflowRunResponse"]) == ("RUN_SUCCESS", '"done"')


def test_call__goes_out_bare_and_comes_back_with_the_run() -> None:
    bench = Bench(OK, Reply(201, (("content-type", "text/plain"),), b"answer"), OK)
    begin(bench, Upstash_Forward_X_Mark="m", Upstash_Retries="2")
    bench.run()
    bench.publish({**CALL, "Upstash-Forward-X-Call": "c"}, b"ask", url=CONSUMER)
    bench.run()

    _, called, back = (seen.request for seen in bench.consumer.seen)
    assert (called.url, called.body, called.header("X-Call")) == (CONSUMER, b"ask", "c")
    assert not [name for name, _ in called.headers if "workflow" in name.lower()]
    assert called.header("X-Mark") is None
    told = json.loads(back.body)
    assert (told["status"], b64decode(told["body"])) == (201, b"answer")
    assert back.header("Upstash-Workflow-RunId") == RUN
    assert back.header("Upstash-Workflow-Callback") == "true"
    assert back.header("Upstash-Workflow-CallType") == "fromCallback"
    # The SDKs take a request with a version for one with steps.
    assert back.header("Upstash-Workflow-Sdk-Version") is None
    assert back.header("X-Mark") == "m"
    steps = bench.get(f"/v2/workflows/runs/{RUN}")
    assert [step["callType"] for step in steps] == ["step", "toCallback", "fromCallback"]
    assert bench.get(f"/v2/messages/{steps[2]['messageId']}")["maxRetries"] == 2


def test_call_that_fails__is_told_and_is_no_dead_letter() -> None:
    bench = Bench()
    bench.consumer = bench.kernel.origins[HOST] = Breaking(bench.kernel)
    begin(bench)
    bench.publish({**CALL, "Upstash-Retries": "1"}, b"ask", url=HOST + "/broken")
    bench.run()

    told = [seen.request for seen in bench.consumer.seen if b"maxRetries" in seen.request.body]
    assert [json.loads(request.body)["retried"] for request in told] == [0, 1]
    assert bench.qstash.dead_letters() == []
    assert log(bench)["workflowState"] == "RUN_STARTED"


def test_call_of_a_run_that_is_over__tells_nobody() -> None:
    bench = Bench()
    busy = bench.busy(5.0)
    begin(bench)
    bench.publish(CALL, b"ask", url=CONSUMER)
    bench.run(until=1.0)
    end(bench, cancel=True)
    bench.run()

    assert len(busy.seen) == 2


def test_failure__is_told_with_the_initial_payload() -> None:
    bench = Bench(OK, BROKEN, OK)
    bench.publish_id({**INIT, **FAILURE, "Upstash-Retries": "0"}, b"initial", url=FLOW)
    bench.run()
    add(bench, step_of(1, "a"))
    bench.run()

    failed = bench.consumer.seen[-1].request
    told = json.loads(failed.body)
    assert failed.header("Upstash-Workflow-Is-Failure") == "true"
    assert failed.header("Upstash-Workflow-RunId") == RUN
    assert (told["status"], told["workflowRunId"]) == (500, RUN)
    assert told["workflowCreatedAt"] == 1_790_000_000_000
    assert b64decode(told["sourceBody"]) == b"initial"
    assert log(bench)["workflowState"] == "RUN_FAILED"
    (letter,) = bench.qstash.dead_letters(source="workflow", workflowRunId=RUN)
    retried = bench.ask("POST", f"/v2/dlq/retry/{letter['dlqId']}")
    assert error(retried) == (
        400,
        "sending a dead letter of a workflow run again is not offered by this emulator",
    )


@pytest.mark.parametrize(("lazy", "size"), [(True, 0), (False, 1_616)])
def test_large_run__is_fetched_by_the_sdk_that_can(lazy: bool, size: int) -> None:
    bench = Bench(plan=Plan(max_body_bytes=1_000))
    bench.publish_id(INIT if lazy else {**INIT, "Upstash-Feature-Set": ""}, b"x" * 900, url=FLOW)
    add(bench, step_of(1, "a"))
    bench.run()

    assert (len(bench.consumer.seen[-1].request.body) == 0) == (size == 0)
    steps = bench.get(f"/v2/workflows/runs/{RUN}")
    assert b64decode(steps[0]["body"]) == b"x" * 900


def test_steps__are_no_loop_and_no_runaway() -> None:
    bench = Bench()
    bench.publish(INIT, b"", url=FLOW, call=bench.call())
    bench.run()
    for number in range(20):
        call = bench.call(name=f"u0.w0.q{number}")
        call.invocation.delivery.generation = bench.consumer.seen[-1].delivery.generation
        call.invocation.request = bench.consumer.seen[-1].request
        bench.publish(STEP, step_of(number + 1, "a"), url=FLOW, call=call)
        bench.run()

    assert len(bench.consumer.seen) == 21
    assert {seen.delivery.generation for seen in bench.consumer.seen} == {1}
    assert bench.kernel.journal.counts["finding"] == 0


def test_runs__are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.qstash.workflow.KEEP_RUNS", 20)
    bench = Bench()
    for number in range(25):
        run = f"wfr_{number}"
        bench.publish_id({**INIT, "Upstash-Workflow-RunId": run}, b"", url=FLOW)
        if number > 2:
            end(bench, run=run)

    known = [run.id for run in bench.qstash.engine.runs.latest()]
    assert len(known) == 20
    assert {"wfr_0", "wfr_1", "wfr_2", "wfr_24"} <= set(known)
    assert "wfr_3" not in known
