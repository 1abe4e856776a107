"""Workflow runs as the JSON objects that their log shows, in the shape that the Workflow SDK
reads.
"""

import json
from collections.abc import Iterable

from emulator.qstash.message import Message, State
from emulator.qstash.workflow_run import RawStep, Run

JSONObject = dict[str, object]


def run_object(run: Run) -> JSONObject:
    """A run with its steps; what is under way comes last."""
    shown: JSONObject = {
        "workflowRunId": run.id,
        "workflowUrl": run.url,
        "workflowState": run.state.value,
        "workflowRunCreatedAt": run.created_ms,
        "steps": [*_groups(run.steps), *_next(run.open.values())],
    }
    if run.ended_ms is not None:
        shown["workflowRunCompletedAt"] = run.ended_ms
    if run.result:
        shown["workflowRunResponse"] = run.result.decode("utf-8", "replace")
    if run.asked.labels:
        shown |= {"label": run.asked.labels[0], "labels": list(run.asked.labels)}
    if run.invoker is not None:
        shown["invoker"] = {
            "workflowRunId": run.invoker.run_id,
            "workflowUrl": run.invoker.url,
            "workflowRunCreatedAt": run.invoker.created_ms,
        }
    return shown


def _groups(steps: Iterable[RawStep]) -> list[JSONObject]:
    """The steps by themselves, or with those that ran beside them."""
    groups: list[JSONObject] = []
    parallel: list[JSONObject] = []
    left = 0
    for number, step in enumerate(steps):
        shown = _step_object(step, first=number == 0)
        concurrent = shown["concurrent"]
        if not isinstance(concurrent, int) or concurrent < 2:
            groups.append({"type": "sequential", "steps": [shown]})
            continue
        if not left:
            # A plan and a result for each of them.
            parallel, left = [], 2 * concurrent
            groups.append({"type": "parallel", "steps": parallel})
        left -= 1
        parallel.append(shown)
    return groups


def _step_object(step: RawStep, *, first: bool) -> JSONObject:
    shown: JSONObject = {"stepName": "", "stepType": "Call", "concurrent": 1}
    if first:
        out = step.content.decode("utf-8", "replace")
        shown |= {"stepId": 0, "stepName": "init", "stepType": "Initial", "out": out}
    elif step.call_type == "step":
        try:
            told = json.loads(step.content)
        except ValueError:
            told = None
        if isinstance(told, dict):
            shown |= told
    return {
        **shown,
        "callType": step.call_type,
        "messageId": step.message_id,
        "state": "STEP_SUCCESS",
        "createdAt": step.created_ms,
        "headers": {},
    }


def _next(messages: Iterable[Message]) -> list[JSONObject]:
    steps: list[JSONObject] = [
        {
            "messageId": message.id,
            "state": "STEP_RETRY" if message.state is State.RETRY else "STEP_PROGRESS",
            "retries": message.publish.retries,
        }
        for message in messages
    ]
    return [{"type": "next", "steps": steps}] if steps else []
