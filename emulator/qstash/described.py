"""Every call of the API with what it takes and what it answers, as data. What a switch decides is
described as its default is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.qstash.listing import CANCEL_FILTERS, DLQ_FILTERS, LOG_FILTERS
from emulator.qstash.shapes import FLAG, TEXT, Schema, closed, list_of, ref

_PAGED = ("cursor", "count", "order", "fromDate", "toDate")
_PARAMETERS: Mapping[str, Schema] = {
    "count": {"type": "integer", "minimum": 1, "maximum": 999_999_999_999_999},
    "order": {"enum": ["earliestFirst", "latestFirst"]},
    "cursor": {"type": "string", "pattern": "^[0-9]{1,13}-[0-9]{1,13}$"},
    "fromDate": {"type": "integer", "minimum": 0, "maximum": 999_999_999_999_999},
    "toDate": {"type": "integer", "minimum": 0, "maximum": 999_999_999_999_999},
    "rate": {"type": "integer", "minimum": 1, "maximum": 999_999_999_999_999},
    "parallelism": {"type": "integer", "minimum": 1, "maximum": 999_999_999_999_999},
    "period": {"type": "integer", "minimum": 1, "maximum": 604_800},
}
# QStash REST description, "Publish": what configures a message. A query key of the same name in
# lower case says the same.
CONFIGURING: dict[str, str] = {
    "Upstash-Method": "The method of the delivery: GET, POST, PUT, PATCH, DELETE.",
    "Upstash-Header-Forward": "true: every header is delivered.",
    "Upstash-Delay": "A duration such as 50s or 1d10h30m.",
    "Upstash-Not-Before": "Unix seconds; beats the delay.",
    "Upstash-Retries": "How often a failed delivery is tried again.",
    "Upstash-Retry-Delay": "An expression in milliseconds, with retried in it.",
    "Upstash-Timeout": "The longest that one delivery may take, a duration.",
    "Upstash-Callback": "An address that is told of each attempt.",
    "Upstash-Failure-Callback": "An address that is told when the last attempt failed.",
    "Upstash-Deduplication-Id": "Swallows the same id for ten minutes.",
    "Upstash-Content-Based-Deduplication": "true: swallows the same content.",
    "Upstash-Flow-Control-Key": "Whose limits count.",
    "Upstash-Flow-Control-Value": "Limits such as parallelism=2, rate=10, period=1m.",
    "Upstash-Label": "Labels to filter by, separated by commas.",
    "Upstash-Redact-Fields": "What is not shown: body, header, header[Name].",
}
_SCHEDULING: dict[str, str] = {
    "Upstash-Cron": "Five fields, CRON_TZ= before them.",
    "Upstash-Schedule-Id": "Replaces the schedule of this id.",
    "Upstash-Queue-Name": "Where the messages wait.",
}

_NAMED = {404: "There is none."}
_ROOM = {412: "The plan has no room for it."}
_TAKING = {
    400: "It is not valid.",
    412: "The plan has no room for it.",
    413: "The body is too large.",
}
_INVALID = {400: "It is not valid."}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call. `answers` has the schema by status, None for an empty body; `refusals` why, by
    status, beside those that every call may be answered.
    """

    method: str
    path: str
    id: str
    summary: str
    answers: Mapping[int, Schema | None]
    refusals: Mapping[int, str] = field(default_factory=dict)
    query: Mapping[str, Schema] = field(default_factory=dict)
    header: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    raw_body: bool = False
    body_optional: bool = False


def _query(*names: str) -> dict[str, Schema]:
    return {name: _PARAMETERS.get(name, TEXT) for name in names}


def _page(key: str, items: Schema) -> Schema:
    return closed({key: list_of(items)}, {"cursor": TEXT})


def _call(
    request: str,
    id: str,
    summary: str,
    answers: Mapping[int, Schema | None],
    refusals: Mapping[int, str] | None = None,
    **more: Any,
) -> Operation:
    method, path = request.split(" ")
    return Operation(
        method=method,
        path=path,
        id=id,
        summary=summary,
        answers=answers,
        refusals=refusals or {},
        **more,
    )


_PUBLISHED: Schema = {"anyOf": [ref("Published"), list_of(ref("Published"))]}
# A publish with Upstash-Cron is a schedule.
_PUBLISH_ANSWER: Schema = {"anyOf": [*_PUBLISHED["anyOf"], closed({"scheduleId": TEXT})]}
_BATCH_ITEM: Schema = {"anyOf": [*_PUBLISHED["anyOf"], ref("Error")]}
_DONE: Mapping[int, Schema | None] = {200: None}

OPERATIONS: tuple[Operation, ...] = (
    _call(
        "POST /v2/publish/{destination}",
        "publish",
        "Have a message delivered.",
        {200: _PUBLISH_ANSWER, 202: ref("Published")},
        _TAKING,
        header=CONFIGURING | _SCHEDULING,
        raw_body=True,
    ),
    _call(
        "POST /v2/enqueue/{queue}/{destination}",
        "enqueue",
        "Have a message delivered in its turn.",
        {200: _PUBLISH_ANSWER, 202: ref("Published")},
        _TAKING,
        header=CONFIGURING | _SCHEDULING,
        raw_body=True,
    ),
    _call(
        "POST /v2/batch",
        "batch",
        "Several messages at once, each by itself.",
        {200: list_of(_BATCH_ITEM)},
        _TAKING,
        body="Batch",
    ),
    _call(
        "GET /v2/messages/{message_id}",
        "getMessage",
        "A message that has not ended.",
        {200: ref("Message")},
        _NAMED,
    ),
    _call(
        "DELETE /v2/messages/{message_id}",
        "cancelMessage",
        "Cancel a message.",
        {202: closed({"cancelled": {"const": 1}})},
        _NAMED,
    ),
    _call(
        "DELETE /v2/messages",
        "cancelMessages",
        "Cancel messages by ids, by filters, or all.",
        {200: {"anyOf": [closed({"cancelled": {"type": "integer"}}), closed({"actionId": TEXT})]}},
        _INVALID,
        query=_query(*sorted(CANCEL_FILTERS), "count", "fromDate", "toDate"),
        body="MessageIds",
        body_optional=True,
    ),
    _call(
        "GET /v2/bulkActions",
        "listActions",
        "Tracked cancellations, with the switch bulk_cancel_ignores_count.",
        {200: list_of(ref("BulkAction"))},
        _NAMED,
    ),
    _call(
        "GET /v2/bulkActions/{action_id}",
        "getAction",
        "One of them.",
        {200: ref("BulkAction")},
        _NAMED,
    ),
    _call(
        "POST /v2/queues",
        "putQueue",
        "Make or change a queue.",
        _DONE,
        _INVALID | _ROOM,
        body="NewQueue",
    ),
    _call("GET /v2/queues", "listQueues", "All queues.", {200: list_of(ref("Queue"))}),
    _call("GET /v2/queues/{queue}", "getQueue", "A queue.", {200: ref("Queue")}, _INVALID | _NAMED),
    _call("DELETE /v2/queues/{queue}", "deleteQueue", "Delete a queue.", _DONE, _INVALID),
    _call(
        "POST /v2/queues/{queue}/pause",
        "pauseQueue",
        "Deliver nothing more of it.",
        _DONE,
        _INVALID | _NAMED,
    ),
    _call("POST /v2/queues/{queue}/resume", "resumeQueue", "Go on.", _DONE, _INVALID | _NAMED),
    _call(
        "POST /v2/schedules/{destination}",
        "putSchedule",
        "Publish again and again.",
        {200: closed({"scheduleId": TEXT})},
        _TAKING,
        header=CONFIGURING | _SCHEDULING,
        raw_body=True,
    ),
    _call("GET /v2/schedules", "listSchedules", "All schedules.", {200: list_of(ref("Schedule"))}),
    _call(
        "GET /v2/schedules/{schedule_id}",
        "getSchedule",
        "A schedule.",
        {200: ref("Schedule")},
        _NAMED,
    ),
    _call("DELETE /v2/schedules/{schedule_id}", "deleteSchedule", "Delete it.", _DONE, _NAMED),
    *(
        _call(
            f"{method} /v2/schedules/{{schedule_id}}/{verb}",
            f"{verb}Schedule{'' if method == 'POST' else 'ByPatch'}",
            summary,
            _DONE,
            _NAMED,
        )
        for verb, summary in (("pause", "Drop the ticks to come."), ("resume", "Go on."))
        for method in ("POST", "PATCH")
    ),
    _call("GET /v2/topics", "listGroups", "All URL groups.", {200: list_of(ref("UrlGroup"))}),
    _call(
        "GET /v2/topics/{group}",
        "getGroup",
        "A URL group.",
        {200: ref("UrlGroup")},
        _INVALID | _NAMED,
    ),
    _call("DELETE /v2/topics/{group}", "deleteGroup", "Delete it.", _DONE, _INVALID),
    _call(
        "PATCH /v2/topics/{group}",
        "setGroupHeaders",
        "Headers that each publish to it has.",
        _DONE,
        _INVALID | _NAMED,
        body="DefaultHeaders",
    ),
    _call(
        "POST /v2/topics/{group}/endpoints",
        "putEndpoints",
        "Add or change endpoints.",
        _DONE,
        _INVALID | _ROOM,
        body="Endpoints",
    ),
    _call(
        "DELETE /v2/topics/{group}/endpoints",
        "deleteEndpoints",
        "Remove endpoints, and with the last one the group.",
        _DONE,
        _INVALID | _NAMED,
        body="Endpoints",
    ),
    _call(
        "GET /v2/flowControl",
        "listKeys",
        "Keys of flow control.",
        {200: list_of(ref("FlowControlKey"))},
        query=_query("search"),
    ),
    _call(
        "GET /v2/flowControl/{key}",
        "getKey",
        "A key of flow control.",
        {200: ref("FlowControlKey")},
        _NAMED,
    ),
    *(
        _call(f"POST /v2/flowControl/{{key}}/{verb}", f"{verb}Key", summary, _DONE)
        for verb, summary in (
            ("pause", "Hold everything back."),
            ("resume", "Go on."),
            ("resetRate", "Begin a period."),
            ("reset", "The older name of resetRate."),
        )
    ),
    _call(
        "POST /v2/flowControl/{key}/pin",
        "pinKey",
        "Fix the limits.",
        _DONE,
        _INVALID,
        query=_query("parallelism", "rate", "period"),
    ),
    _call(
        "POST /v2/flowControl/{key}/unpin",
        "unpinKey",
        "Let messages decide again.",
        _DONE,
        _INVALID,
        query={"parallelism": FLAG, "rate": FLAG},
    ),
    _call(
        "GET /v2/globalParallelism",
        "globalParallelism",
        "How many deliveries of the account are under way; a most of 0 is none.",
        {
            200: closed(
                {"parallelismMax": {"type": "integer"}, "parallelismCount": {"type": "integer"}}
            )
        },
    ),
    _call(
        "GET /v2/events",
        "listEvents",
        "What happened, latest first.",
        {200: _page("events", ref("LogEntry"))},
        _INVALID,
        query=_query(*sorted(LOG_FILTERS), *_PAGED),
    ),
    _call(
        "GET /v2/logs",
        "listLogs",
        "The same under another name, 100 at a time.",
        {200: _page("logs", ref("LogEntry"))},
        _INVALID,
        query=_query(*sorted(LOG_FILTERS), *_PAGED),
    ),
    _call(
        "GET /v2/dlq",
        "listDeadLetters",
        "Messages whose attempts are used up.",
        {200: _page("messages", ref("DeadLetter"))},
        _INVALID,
        query=_query(*sorted(DLQ_FILTERS), *_PAGED),
    ),
    _call(
        "GET /v2/dlq/{dlq_id}",
        "getDeadLetter",
        "One of them.",
        {200: ref("DeadLetter")},
        _NAMED,
    ),
    _call("DELETE /v2/dlq/{dlq_id}", "deleteDeadLetter", "Delete it.", _DONE, _NAMED),
    _call(
        "DELETE /v2/dlq",
        "deleteDeadLetters",
        "Delete by ids, or by filters.",
        {200: closed({"deleted": {"type": "integer"}}, {"cursor": TEXT})},
        _INVALID,
        query=_query(*sorted(DLQ_FILTERS), *_PAGED),
        body="DlqIds",
        body_optional=True,
    ),
    _call(
        "POST /v2/dlq/retry/{dlq_id}",
        "retryDeadLetter",
        "Send it again.",
        {201: ref("Sent")},
        _TAKING | _NAMED,
        header=CONFIGURING,
    ),
    _call(
        "POST /v2/dlq/retry",
        "retryDeadLetters",
        "Send several again.",
        {201: closed({"responses": list_of(ref("Sent")), "cursor": TEXT})},
        _TAKING | _NAMED,
        query=_query(*sorted(DLQ_FILTERS), *_PAGED),
        header=CONFIGURING,
        body="DlqIds",
        body_optional=True,
    ),
    _call("GET /v2/keys", "getKeys", "The keys of the signatures.", {200: ref("Keys")}),
    _call("POST /v2/keys/rotate", "rotateKeys", "The next becomes current.", {200: ref("Keys")}),
)
