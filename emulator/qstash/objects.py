"""Messages, log entries and dead letters as the JSON objects that the API shows."""

from base64 import b64encode
from dataclasses import replace

from emulator.exchange import Failure, Headers, Outcome, Reply
from emulator.qstash.fields import canonical
from emulator.qstash.ledger import Place, format_place
from emulator.qstash.message import Callback, DeadLetter, LogEntry, Message, Publish
from emulator.qstash.redact import redacted

JSONObject = dict[str, object]


def message_object(message: Message) -> JSONObject:
    """A message, without what is redacted."""
    publish = message.publish
    return {
        "messageId": message.id,
        "url": publish.url,
        "method": publish.method,
        "maxRetries": publish.retries,
        "notBefore": message.not_before_ms,
        "createdAt": message.created_ms,
        **caller_fields(message.caller_ip),
        **content_fields(publish, message.content),
        **_place(publish),
        **setting_fields(publish),
    }


def dead_object(letter: DeadLetter) -> JSONObject:
    """A dead letter. The status is 0 when the last attempt brought no response."""
    shown = message_object(letter.message)
    shown["dlqId"] = letter.id
    shown["responseStatus"] = 0
    if letter.reply is not None:
        shown["responseStatus"] = letter.reply.status
        shown["responseHeader"] = _header_map(letter.reply.headers)
        _put_text(shown, "responseBody", letter.reply.body)
    return shown


def log_object(entry: LogEntry) -> JSONObject:
    """A log entry.

    Bodies are always base64 here; fields on whose name the SDKs and the docs differ have both
    names.
    """
    message = entry.message
    publish = message.publish
    shown: JSONObject = {
        "time": entry.time_ms,
        "messageId": message.id,
        "state": entry.state.value,
        "url": publish.url,
        "method": publish.method,
        "header": _shown_headers(publish),
        "maxRetries": publish.retries,
        **_place(publish),
        **_labels(publish),
        **_callbacks(publish, "Headers"),
        **_flow(publish),
    }
    if message.content:
        shown["body"] = _base64(_shown_body(publish, message.content))
    if publish.timeout_s is not None:
        shown["timeout"] = round(publish.timeout_s * 1_000)
    if publish.retry_delay is not None:
        shown["retryDelayExpression"] = shown["retryDelayExpr"] = publish.retry_delay.text
    if entry.next_delivery_ms is not None:
        shown["nextDeliveryTime"] = entry.next_delivery_ms
    if entry.error is not None:
        shown["error"] = entry.error
    if entry.reply is not None:
        shown["responseStatus"] = entry.reply.status
        shown["responseHeader"] = shown["responseHeaders"] = _header_map(entry.reply.headers)
        if entry.reply.body:
            shown["responseBody"] = _base64(entry.reply.body)
    return shown


def callback_object(
    message: Message,
    outcome: Outcome,
    *,
    letter: DeadLetter | None,
    max_body_bytes: int,
    failed_status: int = 0,
) -> JSONObject:
    """What a callback is told of an attempt, or of the end in `letter` (QStash docs, "Callbacks").

    Without a response the status is `failed_status` and the body says what went wrong. Of a
    response's body it has `max_body_bytes` at most.
    """
    publish = message.publish
    if isinstance(outcome, Reply):
        status, header, body = outcome.status, outcome.headers, outcome.body[:max_body_bytes]
    else:
        status, header = failed_status, ()
        body = describe_failure(message, outcome).encode()
    shown: JSONObject = {
        "status": status,
        "header": _header_map(header),
        "body": _base64(body),
        "retried": message.retried,
        "maxRetries": publish.retries,
        "sourceMessageId": message.id,
        "url": publish.url,
        "method": publish.method,
        "sourceHeader": _header_map(publish.header),
        "sourceBody": _base64(message.content),
        "notBefore": message.not_before_ms,
        "createdAt": message.created_ms,
        "callerIP": message.caller_ip,
        # QStash docs, "Callbacks": the queue is not among what a callback is told.
        **_place(replace(publish, queue="")),
    }
    if letter is not None:
        shown["dlqId"] = letter.id
    return shown


def describe_failure(message: Message, outcome: Outcome) -> str:
    """The `error` of a failed attempt; without a response it is worded as Go's HTTP client does."""
    if isinstance(outcome, Reply):
        return f"endpoint returned status {outcome.status}"
    url = message.publish.url
    action = f'{message.publish.method.capitalize()} "{url}"'
    return f"unable to send request: {action}: {_go_error(url, outcome)}"


def log_cursor(place: Place | None) -> JSONObject:
    """The `cursor` of a page; absent, never empty, on the last one."""
    return {} if place is None else {"cursor": format_place(place)}


def _go_error(url: str, failure: Failure) -> str:
    scheme, _, rest = url.partition("://")
    host = rest.split("/", 1)[0].split("?", 1)[0].rpartition("@")[2]
    address = (
        host if ":" in host.rpartition("]")[2] else f"{host}:{443 if scheme == 'https' else 80}"
    )
    match failure.kind:
        case "refused":
            return f"dial tcp {address}: connect: connection refused"
        case "dns":
            return f"dial tcp: lookup {address.rpartition(':')[0]}: no such host"
        case "reset":
            return f"read tcp {address}: read: connection reset by peer"
        case "timeout":
            return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"


def _header_map(headers: Headers) -> dict[str, list[str]]:
    shown: dict[str, list[str]] = {}
    for name, value in headers:
        shown.setdefault(canonical(name), []).append(value)
    return shown


def caller_fields(caller_ip: str) -> JSONObject:
    """The caller's address in both spellings, because the SDKs do not agree on one."""
    return {"callerIP": caller_ip, "callerIp": caller_ip}


def content_fields(publish: Publish, body: bytes) -> JSONObject:
    """Header and body as they may be shown; the body is text, base64 or absent."""
    shown: JSONObject = {"header": _shown_headers(publish)}
    _put_text(shown, "body", _shown_body(publish, body))
    return shown


def setting_fields(publish: Publish) -> JSONObject:
    """Labels, callbacks, flow control and the retry delay, as far as there are any."""
    shown = {**_labels(publish), **_callbacks(publish, "Header"), **_flow(publish)}
    if publish.retry_delay is not None:
        shown["retryDelayExpression"] = publish.retry_delay.text
    return shown


def _shown_headers(publish: Publish) -> dict[str, list[str]]:
    headers = publish.header
    return _header_map(headers if publish.redact is None else publish.redact.headers(headers))


def _shown_body(publish: Publish, body: bytes) -> bytes:
    hidden = publish.redact is not None and publish.redact.body
    return redacted(body).encode() if hidden and body else body


def _place(publish: Publish) -> JSONObject:
    """The group, endpoint, queue and schedule, as far as there are any."""
    named = (
        ("topicName", publish.topic),
        ("endpointName", publish.endpoint),
        ("queueName", publish.queue),
        ("scheduleId", publish.schedule_id),
        ("workflowRunId", publish.workflow.run_id if publish.workflow is not None else ""),
    )
    return {name: value for name, value in named if value}


def _flow(publish: Publish) -> JSONObject:
    flow = publish.flow
    if flow is None:
        return {}
    shown: JSONObject = {"flowControlKey": flow.key, "period": flow.period_s}
    if flow.parallelism is not None:
        shown["parallelism"] = flow.parallelism
    if flow.rate is not None:
        shown["rate"] = flow.rate
    return shown


def _labels(publish: Publish) -> JSONObject:
    labels = publish.labels
    return {"label": labels[0], "labels": list(labels)} if labels else {}


def _callbacks(publish: Publish, suffix: str) -> JSONObject:
    """The callbacks' addresses, and the headers that go there when there are any."""
    if publish.callback is None and publish.failure_callback is None:
        return {}
    shown: JSONObject = {}
    named: tuple[tuple[str, Callback | None], ...] = (
        ("callback", publish.callback),
        ("failureCallback", publish.failure_callback),
    )
    for name, callback in named:
        if callback is not None:
            shown[name] = callback.url
            if callback.header:
                shown[name + suffix] = _header_map(callback.header)
    return shown


def _put_text(shown: JSONObject, name: str, body: bytes) -> None:
    if not body:
        return
    try:
        shown[name] = body.decode()
    except UnicodeDecodeError:
        shown[name + "Base64"] = _base64(body)


def _base64(body: bytes) -> str:
    return b64encode(body).decode()
