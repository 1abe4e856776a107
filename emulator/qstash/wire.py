"""Headers both ways: from a publish request to what it asks for, from a message to its delivery."""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from sys import intern

from emulator.exchange import Headers, Request
from emulator.qstash.configured import DEFAULT_METHOD, configured, override, passed
from emulator.qstash.destination import check_destination, destination
from emulator.qstash.fields import Fields, Options, canonical
from emulator.qstash.grammar import parse_boolean
from emulator.qstash.message import Message, Publish
from emulator.qstash.plan import Plan
from emulator.qstash.refusal import NotOffered, Refused
from emulator.qstash.switches import DEFAULT_SWITCHES, Switches

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
# What begins or carries on a workflow run; with its dead letter the run is over.
_OF_RUN = frozenset({"init", "step", "wait", "fromCallback"})


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request is judged by. Times count from `unix`."""

    plan: Plan
    unix: float
    allow_loopback: bool
    switches: Switches = DEFAULT_SWITCHES

    def check_destination(self, url: str) -> None:
        """Raise Refused (400) unless messages can be sent to this URL."""
        check_destination(
            url, allow_loopback=self.allow_loopback, allow_private=self.switches.allow_private
        )

    def check_size(self, body: bytes) -> None:
        """Raise Refused when the body is too large."""
        most = self.plan.max_body_bytes
        if len(body) > most:
            raise Refused(
                self.switches.oversized_status,
                f"quota maxMessageSize exceeded, current limit: {most}",
            )


def dedup_key(fields: Fields, url: str, body: bytes, switches: Switches = DEFAULT_SWITCHES) -> str:
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
    if switches.content_hash == "body":
        return f"content:{hashlib.sha256(body).hexdigest()}"
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
    url = destination(raw_path, fields.query)
    terms.check_destination(url)
    return read_message(url, fields, body, terms=terms, own_authorization=own_authorization)


def read_message(
    url: str, fields: Fields, body: bytes, *, terms: Terms, own_authorization: bool
) -> Publish:
    """What a publish to a URL, or a group of that name, asks for; `url` is not judged here.

    Raises Refused when something else is not valid.
    """
    terms.check_size(body)
    default = Publish(
        url=intern(url),
        method=DEFAULT_METHOD,
        body=body,
        header=_forwarded(fields, own_authorization),
        delay_s=0,
        retries=min(DEFAULT_RETRIES, terms.plan.max_retries),
        timeout_s=None,
        retry_delay=None,
        dedup_key=dedup_key(fields, url, body, terms.switches),
    )
    return configured(default, fields, terms)


def read_again(publish: Publish, fields: Fields, *, terms: Terms) -> Publish:
    """What sending a dead letter again asks for; raises Refused when it is not valid.

    The configuration headers of the request override the letter's own. Its delay is over and its
    deduplication key has been used, so both count only when the request has them.
    """
    if publish.workflow is not None and publish.workflow.kind in _OF_RUN:
        raise NotOffered(400, "sending a dead letter of a workflow run again")
    if _DEDUP_CONTENT in fields.config:
        raise NotOffered(400, f"{canonical(_DEDUP_CONTENT)} for a dead letter")
    default = replace(
        publish,
        header=override(publish.header, passed(fields.forwarded)),
        delay_s=0,
        dedup_key=explicit_dedup_key(fields),
    )
    return configured(default, fields, terms)


def _forwarded(fields: Fields, own_authorization: bool) -> Headers:
    pairs = list(fields.forwarded)
    if Options(fields.config).value("header-forward", parse_boolean, default=False):
        named = {name for name, _ in pairs}
        pairs += [
            (name, value)
            for name, value in fields.plain
            if name not in named and not (own_authorization and name == "authorization")
        ]
    header = passed(pairs)
    if fields.content_type is not None:
        header = (*header, ("Content-Type", fields.content_type))
    return _shared(header)


# Most messages of an application have the same headers: they are kept once.
@lru_cache(maxsize=1024)
def _shared(header: Headers) -> Headers:
    return header


def delivery_request(
    message: Message, *, signature: str, region: str, retried: int | None = None
) -> Request:
    """The request that the destination receives for this attempt (QStash docs, "Receiving"), which
    is the present one unless `retried` says how many came before it.
    """
    publish = message.publish
    headers = [
        ("User-Agent", USER_AGENT),
        *(pair for pair in publish.header if pair[0].lower() not in _OWN),
        ("Upstash-Caller-Ip", message.caller_ip),
        ("Upstash-Message-Id", message.id),
        ("Upstash-Region", region),
        ("Upstash-Retried", str(message.retried if retried is None else retried)),
        ("Upstash-Signature", signature),
    ]
    if publish.topic:
        headers.append(("Upstash-Topic-Name", publish.topic))
    if publish.schedule_id:
        headers.append(("Upstash-Schedule-Id", publish.schedule_id))
    if message.run is not None and publish.workflow is not None:
        headers.extend(message.run.headers(publish.workflow))
    return Request(publish.method, publish.url, tuple(headers), message.body)
