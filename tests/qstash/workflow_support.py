"""What the Workflow SDKs send, by hand: to begin a run, to add a step, to wait."""

import json
from base64 import b64decode
from typing import Any

from emulator.exchange import Reply, Request
from tests.qstash.support import HOST, Bench, read

FLOW = HOST + "/flow"
RUN = "wfr_1"
FEATURES = "LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig"
BASE = {
    "Upstash-Workflow-RunId": RUN,
    "Upstash-Workflow-Url": FLOW,
    "Upstash-Feature-Set": FEATURES,
    "Upstash-Workflow-Sdk-Version": "1",
    "Upstash-Forward-Upstash-Workflow-Sdk-Version": "1",
    "Content-Type": "application/json",
}
INIT = {**BASE, "Upstash-Workflow-Init": "true"}
STEP = {**BASE, "Upstash-Workflow-Init": "false"}
FAILURE = {
    "Upstash-Failure-Callback": FLOW,
    "Upstash-Failure-Callback-Forward-Upstash-Workflow-Is-Failure": "true",
    "Upstash-Failure-Callback-Workflow-Runid": RUN,
    "Upstash-Failure-Callback-Workflow-Init": "false",
    "Upstash-Failure-Callback-Workflow-Url": FLOW,
    "Upstash-Failure-Callback-Workflow-Calltype": "failureCall",
}
CALL = {
    **STEP,
    "Upstash-Retries": "0",
    "Upstash-Feature-Set": "WF_NoDelete,InitialBody",
    "Upstash-Workflow-CallType": "toCallback",
    "Upstash-Callback": FLOW,
    "Upstash-Callback-Workflow-RunId": RUN,
    "Upstash-Callback-Workflow-CallType": "fromCallback",
    "Upstash-Callback-Workflow-Init": "false",
    "Upstash-Callback-Workflow-Url": FLOW,
    "Upstash-Callback-Feature-Set": FEATURES,
    "Upstash-Callback-Forward-Upstash-Workflow-Callback": "true",
    "Upstash-Callback-Forward-Upstash-Workflow-StepId": "1",
}
del CALL["Upstash-Forward-Upstash-Workflow-Sdk-Version"]


def step_of(number: int, name: str, **more: object) -> bytes:
    """A step as the SDKs write it."""
    shown = {"stepId": number, "stepName": name, "stepType": "Run", "concurrent": 1, **more}
    return json.dumps(shown).encode()


def begin(bench: Bench, body: bytes = b"initial", **headers: str) -> str:
    """Begin the run; returns the id of its first message."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return bench.publish_id({**INIT, **named}, body, url=FLOW)


def add(bench: Bench, body: bytes, headers: dict[str, str] | None = None) -> Reply:
    return bench.publish({**STEP, **(headers or {})}, body, url=FLOW)


def wait(bench: Bench, event: str, *, timeout: str = "1h", run: str = RUN) -> Reply:
    step = {"stepId": 1, "stepType": "Wait", "stepName": "wait", "concurrent": 1}
    headers = {**STEP, "Upstash-Workflow-Runid": run}
    del headers["Upstash-Workflow-RunId"]
    asked = {
        "url": FLOW,
        "timeout": timeout,
        "timeoutUrl": FLOW,
        "timeoutHeaders": {name: [value] for name, value in headers.items()},
        "step": step,
    }
    return bench.ask("POST", f"/v2/wait/{event}", STEP, json.dumps(asked).encode())


def notify(bench: Bench, event: str, data: bytes = b"data") -> list[Any]:
    reply = bench.ask("POST", f"/v2/notify/{event}", body=data)
    assert reply.status == 201, reply
    told: list[Any] = json.loads(reply.body)
    return told


def end(bench: Bench, result: bytes = b'"done"', *, cancel: bool = False, run: str = RUN) -> Reply:
    path = f"/v2/workflows/runs/{run}?cancel={str(cancel).lower()}"
    return bench.ask("DELETE", path, body=result)


def collected(request: Request) -> list[tuple[str, str]]:
    """The steps that were delivered: the type of each, and what it is."""
    return [
        (step["callType"], b64decode(step["body"]).decode()) for step in json.loads(request.body)
    ]


def names(request: Request) -> list[object]:
    """The names of the steps behind the initial payload."""
    return [json.loads(body)["stepName"] for _, body in collected(request)[1:]]


def log(bench: Bench, run: str = RUN) -> Any:
    (found,) = bench.get(f"/v2/workflows/events?groupBy=workflowRunId&workflowRunId={run}")["runs"]
    return found


def error(reply: Reply) -> tuple[int, object]:
    return reply.status, read(reply)["error"]
