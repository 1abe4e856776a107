"""The JSON objects that the API shows and takes, as JSON Schema, for its description of itself."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
HEADER_MAP: Schema = {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}}


def ref(name: str) -> Schema:
    """One of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def closed(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


_PLACE: Schema = dict.fromkeys(("topicName", "endpointName", "queueName", "scheduleId"), TEXT)
_LABELS: Schema = {"label": TEXT, "labels": list_of(TEXT)}
_FLOW: Schema = {"flowControlKey": TEXT, "parallelism": WHOLE, "rate": WHOLE, "period": WHOLE}
_CALLERS: Schema = {"callerIP": TEXT, "callerIp": TEXT}
_BODY: Schema = {"body": TEXT, "bodyBase64": TEXT}
_SETTINGS: Schema = {
    **_LABELS,
    **_FLOW,
    "callback": TEXT,
    "callbackHeader": HEADER_MAP,
    "failureCallback": TEXT,
    "failureCallbackHeader": HEADER_MAP,
    "retryDelayExpression": TEXT,
}
_MESSAGE: Schema = {
    "messageId": TEXT,
    "url": TEXT,
    "method": TEXT,
    "maxRetries": WHOLE,
    "notBefore": WHOLE,
    "createdAt": WHOLE,
    **_CALLERS,
    "header": HEADER_MAP,
}

SCHEMAS: Mapping[str, Schema] = {
    "Error": closed({"error": TEXT}),
    "Published": closed({"messageId": TEXT, "url": TEXT}, {"deduplicated": FLAG}),
    "Sent": closed({"messageId": TEXT}, {"deduplicated": FLAG, "url": TEXT}),
    "Message": closed(_MESSAGE, {**_BODY, **_PLACE, **_SETTINGS}),
    "DeadLetter": closed(
        {**_MESSAGE, "dlqId": TEXT, "responseStatus": WHOLE},
        {
            **_BODY,
            **_PLACE,
            **_SETTINGS,
            "responseHeader": HEADER_MAP,
            "responseBody": TEXT,
            "responseBodyBase64": TEXT,
        },
    ),
    "LogEntry": closed(
        {
            "time": WHOLE,
            "messageId": TEXT,
            "state": {
                "enum": [
                    *("CREATED", "ACTIVE", "RETRY", "ERROR", "DELIVERED", "FAILED"),
                    *("CANCEL_REQUESTED", "CANCELED"),
                ]
            },
            "url": TEXT,
            "method": TEXT,
            "header": HEADER_MAP,
            "maxRetries": WHOLE,
        },
        {
            **_PLACE,
            **_LABELS,
            **_FLOW,
            "callback": TEXT,
            "callbackHeaders": HEADER_MAP,
            "failureCallback": TEXT,
            "failureCallbackHeaders": HEADER_MAP,
            "body": TEXT,
            "timeout": WHOLE,
            "retryDelayExpression": TEXT,
            "retryDelayExpr": TEXT,
            "nextDeliveryTime": WHOLE,
            "error": TEXT,
            "responseStatus": WHOLE,
            "responseHeader": HEADER_MAP,
            "responseHeaders": HEADER_MAP,
            "responseBody": TEXT,
        },
    ),
    "Queue": closed(
        {
            "name": TEXT,
            "parallelism": WHOLE,
            "createdAt": WHOLE,
            "updatedAt": WHOLE,
            "lag": WHOLE,
            "paused": FLAG,
        }
    ),
    "Schedule": closed(
        {
            "scheduleId": TEXT,
            "destination": TEXT,
            "cron": TEXT,
            "createdAt": WHOLE,
            "method": TEXT,
            "retries": WHOLE,
            "isPaused": FLAG,
            "header": HEADER_MAP,
            **_CALLERS,
        },
        {
            **_BODY,
            **_SETTINGS,
            "delay": NUMBER,
            "timeout": NUMBER,
            "queueName": TEXT,
            "nextScheduleTime": WHOLE,
            "lastScheduleTime": WHOLE,
            "lastScheduleStates": {
                "type": "object",
                "additionalProperties": {"enum": ["IN_PROGRESS", "SUCCESS", "FAIL"]},
            },
            "error": TEXT,
        },
    ),
    "UrlGroup": closed(
        {
            "name": TEXT,
            "createdAt": WHOLE,
            "updatedAt": WHOLE,
            "endpoints": list_of(closed({"url": TEXT}, {"name": TEXT})),
        }
    ),
    "FlowControlKey": closed(
        {
            "flowControlKey": TEXT,
            "waitListSize": WHOLE,
            "parallelismMax": WHOLE,
            "parallelismCount": WHOLE,
            "rateMax": WHOLE,
            "rateCount": WHOLE,
            "ratePeriod": WHOLE,
            "ratePeriodStart": WHOLE,
            "isPaused": FLAG,
            "isPinnedParallelism": FLAG,
            "isPinnedRate": FLAG,
        }
    ),
    "BulkAction": closed(
        {
            "actionId": TEXT,
            "kind": {"const": "cancel"},
            "state": {"enum": ["IN_PROGRESS", "FINISHED"]},
            "total": WHOLE,
            "processed": WHOLE,
            "createdAt": WHOLE,
            "completedAt": WHOLE,
            "filter": {"type": "object", "additionalProperties": list_of(TEXT)},
        }
    ),
    "Keys": closed({"current": TEXT, "next": TEXT}),
    # -- what is taken
    "BatchItem": {
        "type": "object",
        "properties": {
            "destination": {**TEXT, "description": "An address, or the name of a URL group."},
            "headers": {
                "type": ["object", "null"],
                "additionalProperties": TEXT,
                "description": "Those of a publish.",
            },
            "body": {"type": ["string", "null"]},
            "queue": {"type": ["string", "null"]},
        },
        "required": ["destination"],
    },
    "Batch": {"type": "array", "items": {"$ref": "#/components/schemas/BatchItem"}},
    "NewQueue": {
        "type": "object",
        "properties": {
            "queueName": {**TEXT, "pattern": "^[A-Za-z0-9_.-]{1,256}$"},
            "parallelism": {**WHOLE, "minimum": 1},
            "paused": FLAG,
        },
        "required": ["queueName"],
    },
    "Endpoints": {
        "type": "object",
        "properties": {
            "endpoints": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "object", "properties": {"url": TEXT, "name": TEXT}},
            }
        },
        "required": ["endpoints"],
    },
    "DefaultHeaders": {
        "type": "object",
        "properties": {
            "headers": {"type": "object", "additionalProperties": {"anyOf": [TEXT, list_of(TEXT)]}}
        },
        "required": ["headers"],
    },
    "MessageIds": {"type": "object", "properties": {"messageIds": list_of(TEXT)}},
    "DlqIds": {"type": "object", "properties": {"dlqIds": list_of(TEXT)}},
}
