"""Headers both ways: from a publish request to what it asks for, from a message to its delivery."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from emulator.exchange import Headers, Request
from emulator.qstash.destination import check_destination, destination
from emulator.qstash.expression import parse_expression
from emulator.qstash.fields import Fields, Options, canonical
from emulator.qstash.grammar import parse_boolean, parse_duration, parse_labels, parse_whole
from emulator.qstash.message import Callback, Message, Publish
from emulator.qstash.plan import Plan
from emulator.qstash.refusal import NotOffered, Refused

METHODS = frozenset(
    {"GET", "POST", "PUT", "PATCH", "DELETE"}
)  # QStash REST description, Upstash-Method
DEFAULT_METHOD = "POST"
DEFAULT_RETRIES = 3  # QStash docs, "Retry"
USER_AGENT = "Upstash-QStash"  # QStash docs, "Receiving"


_DEDUP_ID = "upstash-deduplication-id"
_DEDUP_CONTENT = "upstash-content-based-deduplication"
# Set by the service itself on each delivery, so a publisher's value never reaches the destination.
_OWN = frozenset(
    {
        "user-agent",
        "upstash-signature",
        "upstash-message-id",
        "upstash-retried",
        "upstash-caller-ip",
        "upstash-region",
        "upstash-topic-name",
        "upstash-schedule-id",
    }
)
# They describe one connection or one body framing, and `Content-Type` counts only without the
# forward prefix.
_NEVER_FORWARDED = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_OFFERED = frozenset(
    {
        "upstash-flow-control-key",
        "upstash-flow-control-value",
        "upstash-redact-fields",
        "upstash-cron",
        "upstash-workflow-runid",
        "upstash-workflow-init",
    }
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request is judged by. Times count from `unix`."""

    plan: Plan
    unix: float
    allow_loopback: bool


def dedup_key(fields: Fields, url: str, body: bytes) -> str:
    """The deduplication key, empty when there is none; raises Refused (400) if it is malformed.

    A key made from the content begins with `content:`, which no id can, because ids must not
    contain a colon.
    """
    explicit = explicit_dedup_key(fields)
    if explicit:
        return explicit
    content_based = Options(fields.config).value(
        "content-based-deduplication", parse_boolean, default=False
    )
    if not content_based:
        return ""
    # QStash docs, "Deduplication": the hash covers the destination, the body, and the content type
    # and forwarded headers.
    digest = hashlib.sha256()
    content = sorted((name, value) for name, value in fields.forwarded if name != "content-type")
    for part in (url, fields.content_type or "", *(text for pair in content for text in pair)):
        encoded = part.encode()
        digest.update(b"%d:%b" % (len(encoded), encoded))
    digest.update(body)
    return f"content:{digest.hexdigest()}"


def explicit_dedup_key(fields: Fields) -> str:
    """The key that is given as an id, or an empty string; raises Refused (400) if malformed."""
    explicit = fields.config.get(_DEDUP_ID, "")
    if ":" in explicit:
        raise Refused(400, "DeduplicationId cannot contain ':'")
    return explicit


def read_publish(
    raw_path: str, fields: Fields, body: bytes, *, terms: Terms, own_authorization: bool
) -> Publish:
    """What a publish asks for; raises Refused when it is not valid.

    `own_authorization` says that the `Authorization` header is the publisher's towards the service,
    so it is not passed on.
    """
    _check_offered(fields)
    plan = terms.plan
    url = destination(raw_path, fields.query)
    check_destination(url, allow_loopback=terms.allow_loopback)
    if len(body) > plan.max_body_bytes:
        raise Refused(413, f"quota maxMessageSize exceeded, current limit: {plan.max_body_bytes}")
    default = Publish(
        url=url,
        method=DEFAULT_METHOD,
        body=body,
        header=_forwarded(fields, own_authorization),
        delay_s=0,
        retries=min(DEFAULT_RETRIES, plan.max_retries),
        timeout_s=None,
        retry_delay=None,
        dedup_key=dedup_key(fields, url, body),
    )
    return _configured(default, fields, terms)


def read_again(publish: Publish, fields: Fields, *, terms: Terms) -> Publish:
    """What sending a dead letter again asks for; raises Refused when it is not valid.

    The configuration headers of the request override the letter's own. Its delay is over and its
    deduplication key has been used, so both count only when the request has them.
    """
    _check_offered(fields)
    if _DEDUP_CONTENT in fields.config:
        raise NotOffered(400, f"{canonical(_DEDUP_CONTENT)} for a dead letter")
    default = replace(
        publish,
        header=_override(publish.header, _passed(fields.forwarded)),
        delay_s=0,
        dedup_key=explicit_dedup_key(fields),
    )
    return _configured(default, fields, terms)


def _check_offered(fields: Fields) -> None:
    for name in fields.config:
        if name in _NOT_OFFERED:
            raise NotOffered(400, canonical(name))


def _configured(default: Publish, fields: Fields, terms: Terms) -> Publish:
    """The message with everything that is configured, and `default` for the rest."""
    options = Options(fields.config)
    labels = options.text("label")
    return Publish(
        url=default.url,
        method=_method(options, default.method),
        body=default.body,
        header=default.header,
        delay_s=_not_before(options, default.delay_s, terms),
        retries=_retries(options, default.retries, terms),
        timeout_s=_timeout(options, default.timeout_s),
        retry_delay=options.value("retry-delay", parse_expression, default=default.retry_delay),
        dedup_key=default.dedup_key,
        labels=default.labels if labels is None else parse_labels(labels),
        callback=_callback(options, "callback", default.callback, terms),
        failure_callback=_callback(options, "failure-callback", default.failure_callback, terms),
    )


def _callback(
    parent: Options, name: str, default: Callback | None, terms: Terms
) -> Callback | None:
    """A callback as configured; values that mean nothing for one are no error."""
    url = parent.text(name) or (default.url if default is not None else "")
    if not url:
        return None
    check_destination(url, allow_loopback=terms.allow_loopback)
    options = parent.below(name)
    if default is None:
        default = Callback(
            url=url,
            method=DEFAULT_METHOD,
            header=(),
            delay_s=0,
            retries=None,
            timeout_s=None,
            retry_delay=None,
        )
    retries = default.retries
    if options.text("retries") is not None:
        retries = _retries(options, 0, terms)
    failure_callback = default.failure_callback
    if name == "callback":
        failure_callback = _callback(options, "failure-callback", failure_callback, terms)
    return Callback(
        url=url,
        method=_method(options, default.method),
        header=_override(default.header, _passed(options.forwarded())),
        delay_s=_delay(options, default.delay_s, terms),
        retries=retries,
        timeout_s=_timeout(options, default.timeout_s),
        retry_delay=options.value("retry-delay", parse_expression, default=default.retry_delay),
        failure_callback=failure_callback,
    )


def _method(options: Options, default: str) -> str:
    method = options.value("method", str.upper, default=default)
    if method not in METHODS:
        raise options.invalid("method", f"'{method}' is none of {', '.join(sorted(METHODS))}")
    return method


def _retries(options: Options, default: int, terms: Terms) -> int:
    retries = options.value("retries", parse_whole, default=default)
    if retries > terms.plan.max_retries:
        raise Refused(400, f"quota maxRetries exceeded, current limit: {terms.plan.max_retries}")
    return retries


def _timeout(options: Options, default: float | None) -> float | None:
    timeout_s = options.value("timeout", parse_duration, default=None)
    if timeout_s == 0:
        raise options.invalid("timeout", "must be greater than zero")
    return default if timeout_s is None else timeout_s


def _not_before(options: Options, default: float, terms: Terms) -> float:
    """The delay, from an absolute time when there is one."""
    not_before = options.value("not-before", parse_whole, default=None)
    if not_before is None:
        return _delay(options, default, terms)
    # Whole microseconds, because Unix times are too large for a float to hold more.
    return _within_plan(max(0.0, round(not_before - terms.unix, 6)), terms)


def _delay(options: Options, default: float, terms: Terms) -> float:
    return _within_plan(options.value("delay", parse_duration, default=default), terms)


def _within_plan(delay_s: float, terms: Terms) -> float:
    if delay_s > terms.plan.max_delay_s:
        raise Refused(400, f"quota maxDelay exceeded, current limit: {terms.plan.max_delay_s}")
    return delay_s


def _forwarded(fields: Fields, own_authorization: bool) -> Headers:
    passed = list(fields.forwarded)
    if Options(fields.config).value("header-forward", parse_boolean, default=False):
        named = {name for name, _ in passed}
        passed = passed + [
            (name, value)
            for name, value in fields.plain
            if name not in named and not (own_authorization and name == "authorization")
        ]
    header = _passed(passed)
    return (
        header if fields.content_type is None else (*header, ("Content-Type", fields.content_type))
    )


def _passed(pairs: Iterable[tuple[str, str]]) -> Headers:
    return tuple(
        (canonical(name), value) for name, value in pairs if name and name not in _NEVER_FORWARDED
    )


def _override(header: Headers, by: Headers) -> Headers:
    named = {name for name, _ in by}
    return (*by, *(pair for pair in header if pair[0] not in named)) if by else header


def delivery_request(message: Message, *, signature: str, region: str) -> Request:
    """The request that the destination receives for this attempt (QStash docs, "Receiving")."""
    publish = message.publish
    passed = [pair for pair in publish.header if pair[0].lower() not in _OWN]
    headers = (
        ("User-Agent", USER_AGENT),
        *passed,
        ("Upstash-Caller-Ip", message.caller_ip),
        ("Upstash-Message-Id", message.id),
        ("Upstash-Region", region),
        ("Upstash-Retried", str(message.retried)),
        ("Upstash-Signature", signature),
    )
    return Request(publish.method, publish.url, headers, publish.body)
