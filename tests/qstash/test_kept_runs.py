"""Workflow runs that are kept in a file go on where they were."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from emulator.qstash.message import Message
from emulator.qstash.workflow_run import Run
from tests.qstash.kept_support import Worlds
from tests.qstash.support import read
from tests.qstash.workflow_support import (
    RUN,
    add,
    begin,
    collected,
    end,
    log,
    names,
    notify,
    step_of,
    wait,
)


@pytest.fixture
def again(tmp_path: Path) -> Iterator[Worlds]:
    worlds = Worlds(tmp_path / "queue.db")
    yield worlds
    worlds.close()


def test_run__goes_on_with_all_that_it_has_collected(again: Worlds) -> None:
    first = again()
    begin(first, b"initial")
    add(first, step_of(1, "now"))
    first.run(until=1.0)
    add(first, step_of(2, "later"), {"Upstash-Delay": "1h"})

    second = again()
    second.run()

    (seen,) = second.consumer.seen
    assert collected(seen.request)[0] == ("step", "initial")
    assert names(seen.request) == ["now", "later"]
    assert end(second).status == 200
    assert log(again())["workflowState"] == "RUN_SUCCESS"


def test_waiter__is_woken_by_an_event_of_the_next_world(again: Worlds) -> None:
    first = again()
    begin(first)
    message_id = read(wait(first, "event"))["messageId"]
    first.run(until=60.0)
    shown = first.get("/v2/waiters/event")

    second = again()
    assert second.get("/v2/waiters/event") == shown
    (told,) = notify(second, "event", b"data")
    assert told["messageId"] == message_id
    second.run(until=1.0)

    step = json.loads(collected(second.consumer.seen[-1].request)[-1][1])
    assert (b64decode(step["out"]), step["waitTimeout"]) == (b"data", False)
    assert again().get("/v2/waiters/event") == []


def test_notified__stays_so_when_nothing_was_delivered_yet(again: Worlds) -> None:
    first = again()
    begin(first)
    wait(first, "event")
    first.run(until=1.0)
    notify(first, "event", b"data")

    second = again()
    second.run(until=1.0)

    step = json.loads(collected(second.consumer.seen[-1].request)[-1][1])
    assert b64decode(step["out"]) == b"data"


def test_event_for_a_run__is_kept_until_it_waits(again: Worlds) -> None:
    first = again()
    begin(first)
    first.ask("POST", f"/v2/notify/{RUN}/event", body=b"early")

    second = again()
    wait(second, "event")
    second.run(until=1.0)

    step = json.loads(collected(second.consumer.seen[-1].request)[-1][1])
    assert b64decode(step["out"]) == b"early"


def test_cancelled_run__stays_so(again: Worlds) -> None:
    first = again()
    begin(first)
    assert end(first, cancel=True).status == 200

    second = again()
    second.run()

    assert second.consumer.seen == []
    assert add(second, step_of(1, "late")).status == 400


def test_whatever_a_run_or_a_message_has__is_kept_or_made_anew() -> None:
    anew = {"roots", "routes", "cause", "name", "open", "failure_calls"}
    kept = {
        *("id", "number", "asked", "created_ms", "generation", "invoker", "state", "ended_ms"),
        *("first_id", "result", "size_bytes", "fetched_above_bytes", "steps", "events"),
        "pending",
    }
    assert {one.name for one in fields(Run)} == anew | kept
    anew = {
        *("name", "roots", "routes", "entry", "repeats", "lose_answer", "timer", "line", "lane"),
        *("queue", "has_turn", "open_reports", "run", "waits"),
    }
    kept = {
        *("id", "publish", "caller_ip", "created_ms", "generation", "source"),
        *("content", "dedup_key"),
        *("state", "retried", "cancel_requested", "ended_at", "due", "reports_on", "place"),
    }
    assert {one.name for one in fields(Message)} == anew | kept
