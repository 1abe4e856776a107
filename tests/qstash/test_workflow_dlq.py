"""Dead workflow runs: their work goes on in new ones, and who was to be told is told again."""

import json
from base64 import b64decode
from typing import Any

import pytest

from emulator.exchange import Request
from tests.qstash.support import BROKEN, CONSUMER, OK, Bench, Seen, read
from tests.qstash.workflow_support import (
    FAILURE,
    FLOW,
    INIT,
    RUN,
    add,
    begin,
    collected,
    end,
    error,
    log,
    names,
    step_of,
)

CREATED_MS = 1_790_000_000_000


def failed(*then: Any) -> Bench:
    """A run that died at its second step, with one that has ended beside it; `then` is what the
    endpoint answers afterwards.
    """
    bench = Bench(OK, OK, BROKEN, *(then or (OK,)))
    begin(bench, b"initial", Upstash_Retries="2", Upstash_Forward_X_Mark="m")
    bench.run()
    add(bench, step_of(1, "a"))
    bench.run()
    add(bench, step_of(2, "b"), {"Upstash-Retries": "0"})
    bench.run()
    assert log(bench)["workflowState"] == "RUN_FAILED"
    return bench


def letters(bench: Bench) -> list[str]:
    return [str(one["dlqId"]) for one in bench.get("/v2/workflows/dlq")["messages"]]


def last(bench: Bench) -> Request:
    seen: Seen = bench.consumer.seen[-1]
    return seen.request


def test_resumed__goes_on_where_it_failed_in_a_new_run() -> None:
    bench = failed()
    (letter,) = letters(bench)

    reply = bench.ask("POST", f"/v2/workflows/dlq/resume/{letter}")
    bench.run()

    answer = read(reply)
    run = answer["workflowRunId"]
    assert (reply.status, answer["workflowCreatedAt"]) == (200, CREATED_MS)
    assert run.startswith("wfr_")
    assert run != RUN
    assert names(last(bench)) == ["a", "b"]
    assert last(bench).header("Upstash-Workflow-RunId") == run
    assert last(bench).header("Upstash-Workflow-Init") == "false"
    assert letters(bench) == []
    add(bench, step_of(3, "c"), {"Upstash-Workflow-RunId": run})
    bench.run()
    assert names(last(bench)) == ["a", "b", "c"]
    assert last(bench).header("X-Mark") == "m"
    assert end(bench, run=run).status == 200
    assert log(bench, run)["workflowState"] == "RUN_SUCCESS"
    assert log(bench)["workflowState"] == "RUN_FAILED"


def test_restarted__begins_anew_in_a_new_run() -> None:
    bench = failed()
    (letter,) = letters(bench)

    run = read(bench.ask("POST", f"/v2/workflows/dlq/restart/{letter}"))["workflowRunId"]
    bench.run()

    assert collected(last(bench)) == [("step", "initial")]
    assert last(bench).header("Upstash-Workflow-RunId") == run
    assert last(bench).header("Upstash-Workflow-Init") == "true"
    assert last(bench).header("X-Mark") == "m"
    assert letters(bench) == []


@pytest.mark.parametrize(("how", "attempts"), [("resume", 2), ("restart", 2)])
def test_again__takes_other_retries(how: str, attempts: int) -> None:
    bench = failed(BROKEN)
    before = len(bench.consumer.seen)

    bench.ask("POST", f"/v2/workflows/dlq/{how}/{letters(bench)[0]}", {"Upstash-Retries": "1"})
    bench.run()

    assert len(bench.consumer.seen) - before == attempts
    assert len(letters(bench)) == 1


def test_restarted__is_tried_as_often_as_the_trigger_said() -> None:
    bench = failed(BROKEN)
    before = len(bench.consumer.seen)

    bench.ask("POST", f"/v2/workflows/dlq/restart/{letters(bench)[0]}")
    bench.run()

    assert len(bench.consumer.seen) - before == 3


def test_resumed__that_failed_at_its_beginning() -> None:
    bench = Bench(BROKEN, OK)
    begin(bench, b"initial", Upstash_Retries="0")
    bench.run()

    bench.ask("POST", f"/v2/workflows/dlq/resume/{letters(bench)[0]}")
    bench.run()

    assert collected(last(bench)) == [("step", "initial")]
    assert last(bench).header("Upstash-Workflow-Init") == "true"


def test_again__many_at_once() -> None:
    bench = Bench(BROKEN, BROKEN, OK)
    for run in ("wfr_a", "wfr_b"):
        bench.publish({**INIT, "Upstash-Workflow-RunId": run, "Upstash-Retries": "0"}, url=FLOW)
    bench.run()

    reply = bench.ask("POST", "/v2/workflows/dlq/resume?dlqIds=" + ",".join(letters(bench)))
    bench.run()

    answer = read(reply)
    assert answer["cursor"] == ""
    runs = [one["workflowRunId"] for one in answer["workflowRuns"]]
    assert len(set(runs)) == 2
    assert [seen.request.header("Upstash-Workflow-RunId") for seen in bench.consumer.seen] == [
        *("wfr_a", "wfr_b"),
        *runs,
    ]
    assert letters(bench) == []


def test_again__of_a_missing_id_does_nothing() -> None:
    bench = failed()
    (letter,) = letters(bench)

    reply = bench.ask("POST", f"/v2/workflows/dlq/restart?dlqIds={letter}&dlqIds=1-7")

    assert error(reply) == (404, "dlq message 1-7 not found")
    assert letters(bench) == [letter]


def test_new_run__may_be_named() -> None:
    bench = failed()
    path = f"/v2/workflows/dlq/restart/{letters(bench)[0]}"

    taken = bench.ask("POST", path, {"Upstash-Workflow-RunId": RUN})
    named = bench.ask("POST", path, {"Upstash-Workflow-RunId": "wfr_mine"})

    assert error(taken) == (400, "workflow run wfr_1 is there already")
    assert read(named)["workflowRunId"] == "wfr_mine"


def test_failure_function__of_a_resumed_run_is_told_of_that() -> None:
    bench = Bench(BROKEN, OK)
    bench.publish({**INIT, **FAILURE, "Upstash-Retries": "0"}, b"initial", url=FLOW)
    bench.run()
    bench.consumer = type(bench.consumer)(bench.kernel, BROKEN, OK)
    bench.kernel.origins["https://bot.example"] = bench.consumer

    run = read(bench.ask("POST", f"/v2/workflows/dlq/resume/{letters(bench)[0]}"))["workflowRunId"]
    bench.run()

    told = bench.consumer.seen[-1].request
    assert told.header("Upstash-Workflow-Is-Failure") == "true"
    assert told.header("Upstash-Workflow-RunId") == run
    assert json.loads(told.body)["workflowRunId"] == run


def test_failure_function__is_told_again() -> None:
    bench = Bench(BROKEN, OK)
    bench.publish({**INIT, **FAILURE, "Upstash-Retries": "0"}, b"initial", url=FLOW)
    bench.run()
    (letter,) = letters(bench)

    for _ in range(2):
        reply = bench.ask("POST", f"/v2/workflows/dlq/callback/{letter}")
        assert read(reply) == {"workflowRunId": RUN, "workflowCreatedAt": CREATED_MS}
    bench.run()

    told = [json.loads(seen.request.body) for seen in bench.consumer.seen[1:]]
    assert len(told) == 3
    assert told[0] == told[1] == told[2]
    assert b64decode(told[0]["sourceBody"]) == b"initial"
    assert letters(bench) == [letter]


def test_failure_function__that_failed_itself_is_called_again() -> None:
    bench = Bench(BROKEN, BROKEN, OK)
    once = {"Upstash-Retries": "0", "Upstash-Failure-Callback-Retries": "0"}
    bench.publish({**INIT, **FAILURE, **once}, b"initial", url=FLOW)
    bench.run()
    _, call = letters(bench)

    bench.ask("POST", f"/v2/workflows/dlq/callback/{call}")
    bench.run()

    first, again = (seen.request for seen in bench.consumer.seen[1:])
    assert first.body == again.body
    assert len(letters(bench)) == 1
    assert error(bench.ask("POST", f"/v2/workflows/dlq/resume/{call}"))[0] == 404


def test_failure_function__there_is_none() -> None:
    bench = failed()

    reply = bench.ask("POST", f"/v2/workflows/dlq/callback/{letters(bench)[0]}")

    assert error(reply) == (400, "workflow run wfr_1 has no failure function")


def test_letters__are_those_of_runs() -> None:
    bench = failed(BROKEN)
    bench.publish({"Upstash-Retries": "0"}, url=CONSUMER)
    bench.run()
    (letter,) = letters(bench)
    other = next(str(one["dlqId"]) for one in bench.qstash.dead_letters() if one["dlqId"] != letter)

    assert bench.get(f"/v2/workflows/dlq/{letter}")["workflowRunId"] == RUN
    assert bench.ask("GET", f"/v2/workflows/dlq/{other}").status == 404
    assert bench.ask("POST", f"/v2/workflows/dlq/resume/{other}").status == 404
    assert letters_for(bench, f"workflowUrl={FLOW}&workflowCreatedAt={CREATED_MS}") == [letter]
    assert letters_for(bench, f"workflowUrl={FLOW}x") == []


def letters_for(bench: Bench, query: str) -> list[str]:
    return [str(one["dlqId"]) for one in bench.get(f"/v2/workflows/dlq?{query}")["messages"]]


def test_letters__are_deleted() -> None:
    bench = failed(BROKEN)
    bench.publish({"Upstash-Retries": "0"}, url=CONSUMER)
    bench.run()
    both = ",".join(str(one["dlqId"]) for one in bench.qstash.dead_letters())

    many = bench.ask("DELETE", f"/v2/workflows/dlq?dlqIds={both}")
    gone = bench.ask("DELETE", f"/v2/workflows/dlq/{both.partition(',')[0]}")

    assert read(many) == {"deleted": 1}
    assert gone.status == 404
    assert len(bench.qstash.dead_letters()) == 1
