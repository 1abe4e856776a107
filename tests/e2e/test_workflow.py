"""The vendor's Workflow SDK for Node, as it is, against the served queue: hours in moments."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from emulator.serving import Serving
from tests.e2e.node_queue import FOLDER, PATIENCE_S, USER, needs_sdks, served

HOUR_S = 3_600.0

pytestmark = needs_sdks


@dataclass(frozen=True, slots=True)
class Stage:
    """The served queue, and the workflows beside it."""

    fakes: Serving
    flows: httpx.Client
    control: httpx.Client

    def ask(self, path: str, **body: object) -> Any:
        answer = self.flows.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def trigger(self, flow: str, body: object = None, **more: object) -> str:
        return str(self.ask("/trigger", flow=flow, body=body, **more)["workflowRunId"])

    def rest(self, *, skip_at_most_s: float = 100 * HOUR_S) -> float:
        """Skip to the end of everything; the seconds that were skipped."""
        waiting = {"skip": True, "skip_at_most_s": skip_at_most_s, "within_s": PATIENCE_S}
        rested = self.control.post("/v1/wait", json={**waiting, "still_s": 0.0}).json()
        assert rested["quiet"], rested
        return float(rested["skipped_s"])

    def notes(self, first: str) -> list[list[Any]]:
        return [note for note in self.ask("/notes") if note[0] == first]

    def log(self, run_id: str) -> dict[str, Any]:
        (run,) = self.ask("/logs", workflowRunId=run_id)["runs"]
        assert isinstance(run, dict)
        return run


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with (
        served() as (fakes, environment),
        subprocess.Popen(
            ["node", "workflows.mjs"],
            cwd=FOLDER,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        ) as node,
    ):
        try:
            assert node.stdout is not None
            base = node.stdout.readline().strip()
            control = environment["THRICE_CONTROL_URL"]
            with (
                httpx.Client(base_url=base, timeout=PATIENCE_S) as flows,
                httpx.Client(base_url=control, timeout=PATIENCE_S) as timed,
            ):
                yield Stage(fakes, flows, timed)
        finally:
            node.kill()


def test_run__of_every_kind_of_step(stage: Stage) -> None:
    order = stage.trigger("order", {"name": "ada"}, headers={"X-Mark": "m"})
    stage.trigger("pay")
    skipped_s = stage.rest()

    done = [note[0] for note in stage.ask("/notes")]
    assert sorted(done[1:3]) == ["left", "middle"]
    assert done[:1] + done[3:] == ["first", "pay", "order"]
    (noted,) = stage.notes("order")
    assert noted[1] == {
        "called": [200, {"loud": "ADA"}],
        "refused": 503,
        "both": [1, None, 2],
        "woken": {"eventData": {"amount": 12}, "timeout": False},
        "never": {"timeout": True},
        "invoked": {"workflowRunId": noted[1]["invoked"]["workflowRunId"], "body": 6},
        "mark": "m",
    }
    assert stage.notes("pay") == [["pay", 1]]
    assert 29 * HOUR_S - 60 < skipped_s < 29 * HOUR_S + 60
    run = stage.log(order)
    assert (run["workflowState"], run["workflowRunResponse"]) == ("RUN_SUCCESS", '"shipped"')
    assert stage.fakes.kernel.journal.counts["finding"] == 0


def test_failure_function__is_told_when_the_retries_are_used_up(stage: Stage) -> None:
    run_id = stage.trigger("fails", {"final": False}, retries=1)
    skipped_s = stage.rest()

    assert stage.notes("failed")[-1] == ["failed", 500, "for now", {"final": False}]
    assert len(stage.notes("try")) == 2
    assert 11 < skipped_s < 13
    assert stage.log(run_id)["workflowState"] == "RUN_FAILED"
    (letter,) = stage.fakes.served.queues[0].dead_letters(workflowRunId=run_id)
    assert letter["responseStatus"] == 500


def test_error_that_is_not_to_be_retried__ends_the_run_at_once(stage: Stage) -> None:
    before = len(stage.notes("try"))
    run_id = stage.trigger("fails", {"final": True})
    stage.rest(skip_at_most_s=0)

    assert stage.notes("failed")[-1] == ["failed", 489, "for good", {"final": True}]
    assert len(stage.notes("try")) == before + 1
    assert stage.log(run_id)["workflowState"] == "RUN_FAILED"


def test_cancel__ends_a_run_that_sleeps(stage: Stage) -> None:
    run_id = stage.trigger("long")
    stage.control.post("/v1/wait", json={"until": "idle"})
    assert stage.log(run_id)["workflowState"] == "RUN_STARTED"

    assert stage.ask("/cancel", id=run_id) == {"cancelled": 1}
    stage.rest(skip_at_most_s=0)
    assert stage.log(run_id)["workflowState"] == "RUN_CANCELED"
    assert stage.notes("never") == []
    assert stage.ask("/cancel", id=run_id) == {"cancelled": 0}


def test_webhook_of_a_run__is_called_by_anybody(stage: Stage) -> None:
    run_id = stage.trigger("hooked")
    stage.control.post("/v1/wait", json={"until": "idle"})
    ((_, address),) = stage.notes("webhook")
    assert f"/v2/workflows/hooks/{USER.name}/{run_id}/evt_" in address

    assert httpx.put(address, json={"paid": 1}).status_code == 200
    stage.rest(skip_at_most_s=0)
    assert stage.notes("hooked") == [["hooked", "PUT", {"paid": 1}, False]]


def test_trigger_over_rest__needs_no_sdk(stage: Stage) -> None:
    queue = f"http://127.0.0.1:{stage.fakes.ports['queue']}"
    triggered = httpx.post(
        f"{queue}/v2/trigger/{str(stage.flows.base_url).rstrip('/')}/rest",
        headers={"Authorization": f"Bearer {USER.token}", "Upstash-Forward-X-Mark": "m"},
        json={"a": 1},
    )
    assert triggered.status_code == 201
    stage.rest(skip_at_most_s=0)

    assert stage.notes("rest") == [["rest", {"a": 1}, "m"]]
    assert stage.log(triggered.json()["workflowRunId"])["workflowState"] == "RUN_SUCCESS"


def test_copies_of_every_delivery__do_a_run_no_harm(stage: Stage) -> None:
    stage.control.post("/v1/queue/disturbance", json={"copies": 2, "copy_after_s": 1})
    run_id = stage.trigger("order", {"name": "bob"})
    stage.trigger("pay")
    stage.rest()
    stage.control.post("/v1/queue/disturbance", json={})

    assert stage.log(run_id)["workflowState"] == "RUN_SUCCESS"
    noted = stage.notes("order")[-1][1]
    assert (noted["both"], noted["never"]) == ([1, None, 2], {"timeout": True})


def test_same_id__is_the_same_run(stage: Stage) -> None:
    run_id = stage.trigger("long", workflowRunId="mine")

    assert stage.trigger("long", workflowRunId="mine") == run_id == "wfr_mine"
    stage.ask("/cancel", id=run_id)


def test_waiters__are_shown(stage: Stage) -> None:
    assert stage.ask("/waiters", event="nobody") == []
