"""Headers both ways: from a publish request to what it asks for, from a message to its delivery."""

import hashlib
import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar
from urllib.parse import unquote, unquote_plus, urlsplit

from emulator.exchange import Headers, Request
from emulator.qstash.expression import parse_expression
from emulator.qstash.grammar import parse_boolean, parse_duration, parse_labels, parse_whole
from emulator.qstash.message import Message, Publish
from emulator.qstash.plan import Plan
from emulator.qstash.refusal import NotOffered, Refused

PUBLISH_PATH = "/v2/publish/"
METHODS = frozenset(
    {"GET", "POST", "PUT", "PATCH", "DELETE"}
)  # QStash REST description, Upstash-Method
DEFAULT_METHOD = "POST"
DEFAULT_RETRIES = 3  # QStash docs, "Retry"
USER_AGENT = "Upstash-QStash"  # QStash docs, "Receiving"

_PREFIX = "upstash-"
_FORWARD = "upstash-forward-"
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
        "upstash-callback",
        "upstash-failure-callback",
        "upstash-flow-control-key",
        "upstash-flow-control-value",
        "upstash-redact-fields",
        "upstash-cron",
        "upstash-workflow-runid",
        "upstash-workflow-init",
    }
)

T = TypeVar("T")


@lru_cache(maxsize=512)
def canonical(name: str) -> str:
    """A header name as Go's HTTP library writes it: `test-header` becomes `Test-Header`."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


@dataclass(frozen=True, slots=True)
class Fields:
    """A publish request taken apart, nothing judged yet.

    `config` has lower-case names, `query` is the destination's own.
    """

    config: dict[str, str]
    forwarded: list[tuple[str, str]]
    plain: list[tuple[str, str]]
    content_type: str | None
    query: str


def split_query(query: str) -> tuple[str, dict[str, str], str | None]:
    """What of a publish's query is the destination's own, byte for byte; config values; the token.

    Config keys are the lower-case header names (QStash docs, "Use as webhook receiver").
    """
    if "upstash-" not in query and "qstash_token" not in query:
        return query, {}, None
    kept = []
    config: dict[str, str] = {}
    token = None
    for piece in query.split("&"):
        key, _, value = piece.partition("=")
        key = unquote(key)
        if key == "qstash_token":
            token = unquote_plus(value)
        elif key.startswith(_PREFIX):
            config.setdefault(key, unquote_plus(value))
        else:
            kept.append(piece)
    return "&".join(kept), config, token


def read_fields(query: str, headers: Iterable[tuple[str, str]]) -> Fields:
    """Sort the parts of a publish request; a header wins over the query key of the same name."""
    kept, from_query, _ = split_query(query)
    config: dict[str, str] = {}
    forwarded: list[tuple[str, str]] = []
    plain: list[tuple[str, str]] = []
    content_type = None
    for raw_name, value in headers:
        name = raw_name.lower()
        if name.startswith(_PREFIX):
            if name.startswith(_FORWARD):
                forwarded.append((name[len(_FORWARD) :], value))
            else:
                config.setdefault(name, value)
        elif name == "content-type":
            content_type = value
        else:
            plain.append((name, value))
    if from_query:
        sent = {name for name, _ in forwarded}
        for name, value in from_query.items():
            if not name.startswith(_FORWARD):
                config.setdefault(name, value)
            elif name[len(_FORWARD) :] not in sent:
                forwarded.append((name[len(_FORWARD) :], value))
    return Fields(config, forwarded, plain, content_type, kept)


def destination(raw_path: str, query: str) -> str:
    """The destination in a publish request's raw path, with its query, exactly as sent."""
    url = raw_path[len(PUBLISH_PATH) :]
    return f"{url}?{query}" if query else url


def check_destination(url: str, *, allow_loopback: bool) -> None:
    """Raise Refused (400) unless this is a URL that messages can be sent to."""
    if not url.startswith(("http://", "https://")):
        raise Refused(
            400, "invalid destination url: endpoint has invalid scheme, add http:// or https://"
        )
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if not host:
        raise Refused(400, "invalid destination url: endpoint has no valid host")
    if not allow_loopback and (address := _loopback_address(host)) is not None:
        raise Refused(
            400, f"invalid destination url: endpoint resolves to a loopback address: {address}"
        )


def _loopback_address(host: str) -> str | None:
    if host == "localhost" or host.endswith(".localhost"):
        return "::1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return str(address) if address.is_loopback else None


def dedup_key(fields: Fields, url: str, body: bytes) -> str:
    """The deduplication key, empty when there is none; raises Refused (400) if it is malformed.

    A key made from the content begins with `content:`, which no id can, because ids must not
    contain a colon.
    """
    explicit = fields.config.get("upstash-deduplication-id")
    if explicit:
        if ":" in explicit:
            raise Refused(400, "DeduplicationId cannot contain ':'")
        return explicit
    if not _value(fields, "upstash-content-based-deduplication", parse_boolean, default=False):
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


def read_publish(
    raw_path: str,
    fields: Fields,
    body: bytes,
    *,
    plan: Plan,
    unix: float,
    allow_loopback: bool,
    own_authorization: bool,
) -> Publish:
    """What a publish asks for, times counted from `unix`; raises Refused when it is not valid.

    `own_authorization` says that the `Authorization` header is the publisher's towards the service,
    so it is not passed on.
    """
    config = fields.config
    for name in config:
        if name in _NOT_OFFERED:
            raise NotOffered(400, canonical(name))
    url = destination(raw_path, fields.query)
    check_destination(url, allow_loopback=allow_loopback)
    if len(body) > plan.max_body_bytes:
        raise Refused(413, f"quota maxMessageSize exceeded, current limit: {plan.max_body_bytes}")
    method = config.get("upstash-method", DEFAULT_METHOD).upper()
    if method not in METHODS:
        raise Refused(
            400, f"invalid Upstash-Method: '{method}' is none of {', '.join(sorted(METHODS))}"
        )
    retries = _value(
        fields, "upstash-retries", parse_whole, default=min(DEFAULT_RETRIES, plan.max_retries)
    )
    if retries > plan.max_retries:
        raise Refused(400, f"quota maxRetries exceeded, current limit: {plan.max_retries}")
    timeout_s = _value(fields, "upstash-timeout", parse_duration, default=None)
    if timeout_s == 0:
        raise Refused(400, "invalid Upstash-Timeout: must be greater than zero")
    return Publish(
        url=url,
        method=method,
        body=body,
        header=_forwarded(fields, own_authorization),
        delay_s=_delay(fields, plan, unix),
        retries=retries,
        timeout_s=timeout_s,
        retry_delay=_value(fields, "upstash-retry-delay", parse_expression, default=None),
        dedup_key=dedup_key(fields, url, body),
        labels=parse_labels(config.get("upstash-label", "")),
    )


def _value(fields: Fields, name: str, parse: Callable[[str], T], *, default: T) -> T:
    text = fields.config.get(name)
    if text is None:
        return default
    try:
        return parse(text)
    except ValueError as error:
        raise Refused(400, f"invalid {canonical(name)}: {error}") from error


def _delay(fields: Fields, plan: Plan, unix: float) -> float:
    delay_s: float = _value(fields, "upstash-delay", parse_duration, default=0)
    not_before = _value(fields, "upstash-not-before", parse_whole, default=None)
    if not_before is not None:
        # Whole microseconds, because Unix times are too large for a float to hold more.
        delay_s = max(0.0, round(not_before - unix, 6))
    if delay_s > plan.max_delay_s:
        raise Refused(400, f"quota maxDelay exceeded, current limit: {plan.max_delay_s}")
    return delay_s


def _forwarded(fields: Fields, own_authorization: bool) -> Headers:
    passed = list(fields.forwarded)
    if _value(fields, "upstash-header-forward", parse_boolean, default=False):
        named = {name for name, _ in passed}
        passed = passed + [
            (name, value)
            for name, value in fields.plain
            if name not in named and not (own_authorization and name == "authorization")
        ]
    header = [
        (canonical(name), value) for name, value in passed if name and name not in _NEVER_FORWARDED
    ]
    if fields.content_type is not None:
        header.append(("Content-Type", fields.content_type))
    return tuple(header)


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
