"""Workflow runs that are triggered over REST, by somebody without the SDK.

The endpoint's SDK is told of the run and begins it in its own words (Workflow SDK source, since
its version 1.0; an older one begins another run instead, and this one has failed).
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from emulator.qstash.destination import escaped
from emulator.qstash.fields import Fields, read_fields
from emulator.qstash.orders import Order, read_order
from emulator.qstash.refusal import Refused
from emulator.qstash.surface import answer, caller_ip, read_headers, read_json
from emulator.qstash.workflow_run import Part

if TYPE_CHECKING:
    from emulator.call import Call
    from emulator.qstash.service import QStash

TRIGGER_PATH = "/v2/trigger/"
BATCH_PATH = "/v2/batch/trigger"
STATUS = 201  # Workflow REST description
FEATURES = "LazyFetch,InitialBody"

Shown = dict[str, object]


def trigger(
    fake: "QStash",
    target: str,
    fields: Fields,
    body: bytes,
    *,
    call: "Call | None",
    ip: str,
    own_authorization: bool,
) -> Shown:
    """Begin a run at a URL; raises Refused when the request is not valid.

    A run of the same id is not begun again.
    """
    order = read_order(
        target,
        fields,
        body,
        terms=fake.terms(),
        groups=fake.groups,
        own_authorization=own_authorization,
    )
    if order.grouped:
        raise Refused(400, "invalid destination url: a URL group has no workflow")
    run_id = fields.config.get("upstash-workflow-runid") or fake.intake.new_run_id(call)
    part = Part(run_id, "init", trigger=True, features=FEATURES)
    publish = replace(order.asked.publish, workflow=part)
    order = Order(order.asked, (order.asked._replace(publish=publish),), False)
    fake.intake.submit(order, call, caller_ip=ip)
    run = fake.engine.runs.find(run_id)
    created_ms = run.created_ms if run is not None else fake.engine.now_ms
    return {"workflowRunId": run_id, "workflowCreatedAt": created_ms}


def trigger_many(fake: "QStash", request: Request, body: bytes) -> Response:
    """Begin several runs, each by itself."""
    kind = "a JSON array"
    items = read_json(body, kind)
    if not isinstance(items, list):
        raise Refused(400, f"invalid body: must be {kind}")
    call, ip = request.scope["thrice.call"], caller_ip(request.scope)
    shown: list[Shown] = []
    for item in items:
        try:
            shown.append(_trigger_item(fake, item, call, ip))
        except Refused as refused:
            shown.append({"error": str(refused)})
    return answer(shown, status_code=STATUS)


def _trigger_item(fake: "QStash", item: object, call: "Call | None", ip: str) -> Shown:
    if not isinstance(item, dict):
        raise Refused(400, "invalid item: must be a JSON object")
    target, body = item.get("destination"), item.get("body") or ""
    if not (isinstance(target, str) and isinstance(body, str)):
        raise Refused(400, "invalid item: destination and body must be strings")
    fields = read_fields("", read_headers(item.get("headers") or {}, "item"))
    return trigger(
        fake, escaped(target), fields, body.encode(), call=call, ip=ip, own_authorization=False
    )
