"""The part of the HTTP surface for workflow runs: their steps, their end, events, and their log."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from emulator.qstash.fields import canonical
from emulator.qstash.grammar import parse_boolean, parse_duration, parse_whole
from emulator.qstash.refusal import Refused
from emulator.qstash.surface import Handler, answer, caller_ip, read_headers, read_object
from emulator.qstash.workflow import RunEnded
from emulator.qstash.workflow_log import run_object
from emulator.qstash.workflow_run import Run, RunState
from emulator.qstash.workflow_steps import Wait, Waiter
from emulator.qstash.workflow_trigger import BATCH_PATH, trigger_many

if TYPE_CHECKING:
    from emulator.qstash.service import QStash

LOG_COUNT = 10  # Workflow SDK: runs of one page of its log unless it says otherwise
MOST_COUNT = 100
# What can be asked for beside the filters below.
_PAGING = ("count", "cursor", "groupBy", "trimBody", "qstash_token")


def get_steps(fake: "QStash", request: Request, body: bytes) -> Response:
    """What a run has collected, for an SDK that was told nothing; 404 when it is over."""
    run = _named(fake, request)
    if run is None or run.state is not RunState.STARTED:
        raise _not_found(request)
    return answer([step.shown() for step in run.steps])


def end_run(fake: "QStash", request: Request, body: bytes) -> Response:
    """The workflow's endpoint ends its run, with a result, or somebody cancels it."""
    try:
        cancel = parse_boolean(request.query_params.get("cancel") or "false")
    except ValueError as error:
        raise Refused(400, f"invalid cancel: {error}") from error
    if not fake.engine.runs.end(request.path_params["run_id"], cancel=cancel, result=body):
        raise _not_found(request)
    return Response()


def cancel_runs(fake: "QStash", request: Request, body: bytes) -> Response:
    """Ids that name no run under way are no error; without ids the filters count."""
    asked = parse_qs(request.url.query)
    chosen: list[str] = [
        run_id for value in asked.get("workflowRunIds", ()) for run_id in value.split(",") if run_id
    ]
    if "workflowRunIds" not in asked:
        matches = _filter(asked)
        under_way = [run.id for run in fake.engine.runs.latest() if run.state is RunState.STARTED]
        found = [run_id for run_id in under_way if matches(_known(fake, run_id))]
        # The oldest first.
        chosen = found[::-1][: _count(asked, MOST_COUNT)]
    runs = fake.engine.runs
    return answer({"cancelled": sum(runs.end(run_id, cancel=True) for run_id in chosen)})


def wait(fake: "QStash", request: Request, body: bytes) -> Response:
    """A run waits for an event, at most for a time."""
    asked = read_object(body)
    step, url = asked.get("step"), asked.get("url")
    if not isinstance(step, dict) or not isinstance(url, str):
        raise Refused(400, "invalid body: needs a url and a step")
    try:
        timeout_s = parse_duration(str(asked.get("timeout") or "0s"))
    except ValueError as error:
        raise Refused(400, f"invalid timeout: {error}") from error
    fake.terms().check_destination(url)
    headers = tuple(
        read_headers(asked.get("timeoutHeaders") or dict(request.headers), "timeoutHeaders")
    )
    run_id = next(
        (value for name, value in headers if name.lower() == "upstash-workflow-runid"),
        request.headers.get("upstash-workflow-runid") or "",
    )
    accepted = fake.intake.wait(
        run_id,
        Wait(request.path_params["event_id"], url, timeout_s, step, asked, headers),
        request.scope["thrice.call"],
        caller_ip=caller_ip(request.scope),
    )
    return answer({"messageId": accepted.message_id})


def notify(fake: "QStash", request: Request, body: bytes) -> Response:
    """An event has come: whoever waits for it goes on with what it brings."""
    run_id = request.path_params.get("run_id")
    woken = fake.engine.runs.notify(request.path_params["event_id"], body, run_id)
    return answer([_woken_object(waiter) for waiter in woken], status_code=201)


def list_waiters(fake: "QStash", request: Request, body: bytes) -> Response:
    waiters = fake.engine.runs.waiters(request.path_params["event_id"])
    return answer([waiter.shown() for waiter in waiters])


def list_runs(fake: "QStash", request: Request, body: bytes) -> Response:
    """The latest runs first, page by page."""
    asked = parse_qs(request.url.query)
    matches, count = _filter(asked), _count(asked, LOG_COUNT)
    before = _whole(asked, "cursor")
    found: list[Run] = []
    for run in fake.engine.runs.latest():
        if (before is None or run.number < before) and matches(run):
            if len(found) == count:
                return answer(
                    {"runs": [run_object(one) for one in found], "cursor": str(found[-1].number)}
                )
            found.append(run)
    return answer({"runs": [run_object(run) for run in found]})


async def hook(request: Request) -> Response:
    """Somebody calls the webhook of a run, whose address is all that it takes: the run goes on with
    the request, now or once it waits for one.
    """
    fake: QStash = request.scope["thrice.fake"]
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(canonical(name), []).append(value)
    shown = {
        "method": request.method,
        "header": headers,
        "body": b64encode(await request.body()).decode(),
        "url": request.scope["raw_path"].decode("latin-1"),
        "proto": request.url.scheme,
        "host": request.headers.get("host") or request.url.netloc,
    }
    if request.url.query:
        shown["url"] += f"?{request.url.query}"
    path = request.path_params
    try:
        fake.engine.runs.notify(path["event_id"], json.dumps(shown).encode(), path["run_id"])
    except RunEnded as refused:
        return answer({"error": str(refused)}, status_code=404)
    return answer({})


HOOK_PATH = "/v2/workflows/hooks/{user_id}/{run_id}/{event_id}"
HOOK_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# Beside publishing, by which runs begin and go on.
TABLE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v2/workflows/runs/{run_id}", get_steps),
    ("DELETE", "/v2/workflows/runs/{run_id}", end_run),
    ("DELETE", "/v2/workflows/runs", cancel_runs),
    # The SDK asks for the events, the REST description has the logs.
    ("GET", "/v2/workflows/events", list_runs),
    ("GET", "/v2/workflows/logs", list_runs),
    ("POST", "/v2/wait/{event_id}", wait),
    ("POST", "/v2/notify/{event_id}", notify),
    ("POST", "/v2/notify/{run_id}/{event_id}", notify),
    ("GET", "/v2/waiters/{event_id}", list_waiters),
    ("POST", BATCH_PATH, trigger_many),
)
# QStash docs, "API rate limiting": these are not counted per second.
UNCOUNTED = frozenset(path for _, path, handler in TABLE if handler in (wait, notify, trigger_many))


def _named(fake: "QStash", request: Request) -> Run | None:
    return fake.engine.runs.find(request.path_params["run_id"])


def _known(fake: "QStash", run_id: str) -> Run:
    run = fake.engine.runs.find(run_id)
    if run is None:
        raise RunEnded(run_id)
    return run


def _not_found(request: Request) -> Refused:
    return Refused(404, f"workflow run {request.path_params['run_id']} not found")


def _woken_object(waiter: Waiter) -> dict[str, object]:
    run = waiter.message.run
    shown: dict[str, object] = {
        "waiter": waiter.shown(),
        "messageId": waiter.message.id,
        "error": "",
    }
    if run is not None:
        shown |= {"workflowRunId": run.id, "workflowCreatedAt": run.created_ms}
    return shown


def _filter(asked: dict[str, list[str]]) -> Callable[[Run], bool]:
    """Which runs a query is about; raises Refused (400) for a key that says nothing."""
    exact = (asked.get("workflowUrlExactMatch") or ["false"])[-1] == "true"
    created, since, until = (
        _whole(asked, name) for name in ("workflowCreatedAt", "fromDate", "toDate")
    )
    for name in asked:
        if name not in _FILTERS and name not in _PAGING:
            raise Refused(400, f"unknown query parameter: {name}")
    ids, urls, states, labels = (
        asked.get(name) for name in ("workflowRunId", "workflowUrl", "state", "label")
    )

    def matches(run: Run) -> bool:
        return (
            (ids is None or run.id in ids)
            and (
                urls is None
                or any(run.url == url or (not exact and run.url.startswith(url)) for url in urls)
            )
            and (states is None or run.state.value in states)
            and (labels is None or not set(labels).isdisjoint(run.asked.labels))
            and (created is None or run.created_ms == created)
            and (since is None or run.created_ms >= since)
            and (until is None or run.created_ms <= until)
        )

    return matches


_FILTERS = frozenset(
    {
        *("workflowRunId", "workflowUrl", "workflowUrlExactMatch", "workflowCreatedAt"),
        *("state", "label", "fromDate", "toDate"),
    }
)


def _count(asked: dict[str, list[str]], default: int) -> int:
    count = _whole(asked, "count")
    if count == 0:
        raise Refused(400, "invalid count: must be greater than zero")
    return default if count is None else min(count, MOST_COUNT)


def _whole(asked: dict[str, list[str]], name: str) -> int | None:
    if name not in asked:
        return None
    try:
        return parse_whole(asked[name][-1])
    except ValueError as error:
        raise Refused(400, f"invalid {name}: {error}") from error
