"""The part of the HTTP surface that takes messages in: publish, enqueue, schedules, batches.

Paths are read raw here: a destination must never be decoded.
"""

import json
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from emulator.exchange import Reply
from emulator.qstash.cron import parse_cron
from emulator.qstash.destination import (
    ENQUEUE_PATH,
    PUBLISH_PATH,
    SCHEDULES_PATH,
    escaped,
    split_queue,
)
from emulator.qstash.engine import Accepted
from emulator.qstash.fields import Fields, Options, read_fields, without
from emulator.qstash.grammar import is_name
from emulator.qstash.orders import Order, check_queue_name, read_order
from emulator.qstash.refusal import Refused
from emulator.qstash.surface import (
    answer,
    authenticate,
    caller_ip,
    encode_json,
    json_reply,
    read_headers,
    read_json,
    refusal,
    whole_body,
)
from emulator.qstash.workflow import RunEnded
from emulator.qstash.workflow_trigger import STATUS, TRIGGER_PATH, trigger

if TYPE_CHECKING:
    from emulator.call import Call
    from emulator.qstash.service import QStash

# They are about one publish, or about the schedule itself, and not about what each tick publishes.
_NOT_OF_A_TICK = (
    "cron",
    "schedule-id",
    "queue-name",
    "not-before",
    "deduplication-id",
    "content-based-deduplication",
)

_RUN_ID = "upstash-workflow-runid"

Shown = dict[str, object]


def is_raw(scope: Scope) -> bool:
    """Whether a request is for `answer_raw`: its path carries a destination."""
    path: bytes = scope["raw_path"]
    if path.startswith((b"/v2/publish/", b"/v2/enqueue/", b"/v2/trigger/")):
        return True
    return (
        scope["method"] == "POST"
        and path.startswith(b"/v2/schedules/")
        and not path.rstrip(b"/").endswith((b"/pause", b"/resume", b"/v2/schedules"))
    )


async def answer_raw(scope: Scope, receive: Receive) -> Reply:
    """Answer a publish, an enqueue, a trigger or a new schedule."""
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    return take(
        scope["thrice.fake"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        headers,
        await whole_body(receive),
        call=scope["thrice.call"],
        ip=caller_ip(scope),
    )


def take(
    fake: "QStash",
    path: str,
    query: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    *,
    call: "Call | None",
    ip: str,
) -> Reply:
    """Answer such a request, of which path and query are as they were sent."""
    try:
        fields = read_fields(query, headers, query_wins=fake.switches.query_wins)
        authorization = None
        for name, value in fields.plain:
            if name == "authorization":
                authorization = value
                break
        own_authorization = authenticate(
            fake,
            None if authorization is None else authorization.encode("latin-1"),
            query,
            method="POST",
        )
        return _take(
            fake, path, fields, body, call=call, ip=ip, own_authorization=own_authorization
        )
    except Refused as refused:
        return refusal(fake, call, refused)


def _take(
    fake: "QStash",
    path: str,
    fields: Fields,
    body: bytes,
    *,
    call: "Call | None",
    ip: str,
    own_authorization: bool,
) -> Reply:
    if path.startswith(TRIGGER_PATH):
        target = path[len(TRIGGER_PATH) :]
        begun = trigger(
            fake, target, fields, body, call=call, ip=ip, own_authorization=own_authorization
        )
        return json_reply(encode_json(begun), status=STATUS)
    queue = ""
    scheduled = path.startswith(SCHEDULES_PATH)
    if scheduled:
        target = path[len(SCHEDULES_PATH) :]
    elif path.startswith(ENQUEUE_PATH):
        queue, target = split_queue(path)
        check_queue_name(queue)
    else:
        target = path[len(PUBLISH_PATH) :]
    if scheduled or "upstash-cron" in fields.config:
        made = _schedule(
            fake, target, fields, body, queue=queue, call=call, ip=ip, own=own_authorization
        )
        return json_reply(encode_json(made))
    order = read_order(
        target,
        fields,
        body,
        terms=fake.terms(),
        groups=fake.groups,
        queue=queue,
        own_authorization=own_authorization,
    )
    accepted = fake.intake.submit(order, call, caller_ip=ip)
    if order.grouped:
        return json_reply(encode_json([_shown(one) for one in accepted]))
    (one,) = accepted
    if one.deduplicated:
        return json_reply(encode_json(_shown(one)), status=fake.switches.duplicate_status)
    # By hand, because nothing is asked for more often.
    return json_reply(f'{{"messageId":"{one.message_id}","url":{_quoted(one.url)}}}')


def _schedule(
    fake: "QStash",
    target: str,
    fields: Fields,
    body: bytes,
    *,
    queue: str,
    call: "Call | None",
    ip: str,
    own: bool,
) -> Shown:
    options = Options(fields.config)
    text = options.text("cron")
    if not text:
        raise options.invalid("cron", "is needed")
    cron = options.value("cron", parse_cron, default=None)
    schedule_id = options.text("schedule-id") or ""
    if schedule_id and not is_name(schedule_id):
        raise Refused(400, f"invalid schedule id: '{schedule_id}'")
    queue = options.text("queue-name") or queue
    fields = without(fields, _NOT_OF_A_TICK)
    order = read_order(
        target,
        fields,
        body,
        terms=fake.terms(),
        groups=fake.groups,
        queue=queue,
        own_authorization=own,
    )
    if own:
        fields.plain[:] = [pair for pair in fields.plain if pair[0] != "authorization"]
    if cron is None or cron.next_after(fake.kernel.clock.unix) is None:
        raise options.invalid("cron", f"'{text}' never comes")
    schedule = fake.intake.schedule(
        order,
        call,
        schedule_id=schedule_id,
        target=target,
        cron=cron,
        fields=fields,
        caller_ip=ip,
    )
    return {"scheduleId": schedule.id}


def batch(fake: "QStash", request: Request, body: bytes) -> Response:
    """Answer a batch: each item by itself, but for the day's quota, which is for all of them."""
    most = fake.plan.max_batch_bytes
    if len(body) > most:
        raise Refused(
            fake.switches.oversized_status, f"quota maxBatchSize exceeded, current limit: {most}"
        )
    kind = "a JSON array"
    items = read_json(body, kind)
    if not isinstance(items, list):
        raise Refused(400, f"invalid body: must be {kind}")
    call, ip = request.scope["thrice.call"], caller_ip(request.scope)
    read = [_read_item(fake, item, call, ip) for item in items]
    wanted = sum(len(order.posts) for order in read if isinstance(order, Order))
    fake.intake.quota.check(wanted, fake.kernel.clock.unix)
    shown: list[object] = []
    new = not read
    for order in read:
        if isinstance(order, Refused):
            shown.append({"error": str(order)})
            new = True
            continue
        try:
            if not isinstance(order, Order):
                shown.append(order())
                new = True
                continue
            accepted = fake.intake.submit(order, call, caller_ip=ip)
        except RunEnded:
            # The SDK has to learn of it, whatever else is in the batch.
            raise
        except Refused as refused:
            shown.append({"error": str(refused)})
            new = True
            continue
        new = new or not all(one.deduplicated for one in accepted)
        answers = [_shown(one) for one in accepted]
        shown.append(answers if order.grouped else answers[0])
    status = 200 if new else fake.switches.batch_of_duplicates_status
    return answer(shown, status_code=status)


def _read_item(
    fake: "QStash", item: object, call: "Call | None", ip: str
) -> Order | Callable[[], Shown] | Refused:
    """One item of a batch, or what makes its schedule; `null` counts as absent."""
    try:
        if not isinstance(item, dict):
            raise Refused(400, "invalid item: must be a JSON object")
        target = item.get("destination")
        queue = item.get("queue") or ""
        body = item.get("body") or ""
        headers = read_headers(item.get("headers") or {}, "item")
        if isinstance(body, dict | list) and any(name.lower() == _RUN_ID for name, _ in headers):
            # The Workflow SDK passes on what its `context.call` was given.
            body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        if not (isinstance(target, str) and isinstance(queue, str) and isinstance(body, str)):
            raise Refused(400, "invalid item: destination, queue and body must be strings")
        fields, content = read_fields("", headers), body.encode()
        if "upstash-cron" in fields.config:
            where = escaped(target)
            return lambda: _schedule(
                fake, where, fields, content, queue=queue, call=call, ip=ip, own=False
            )
        return read_order(
            escaped(target),
            fields,
            content,
            terms=fake.terms(),
            groups=fake.groups,
            queue=queue,
        )
    except Refused as refused:
        return refused


def _shown(accepted: Accepted) -> Shown:
    shown: Shown = {"messageId": accepted.message_id, "url": accepted.url}
    if accepted.deduplicated:
        shown["deduplicated"] = True
    return shown
