"""Headers both ways: from a publish request to what it asks for, from a message to its delivery."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from sys import intern

from emulator.exchange import Headers, Request
from emulator.qstash.configured import DEFAULT_METHOD, configured, override, passed
from emulator.qstash.destination import check_destination, destination
from emulator.qstash.fields import Fields, Options
from emulator.qstash.grammar import parse_boolean
from emulator.qstash.message import Message, Post, Publish
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


# What a request was read from -> what it asks for. Applications say the same again and again.
_Known = dict[tuple[object, ...], Publish]
KEEP_KNOWN = 1_024
# Characters; a request may say far more than applications do.
MOST_KNOWN = 4_096
# What is asked for depends on more than these headers, or changes with the time.
_EACH_TIME = frozenset({"upstash-header-forward", "upstash-not-before"})


@dataclass(frozen=True, slots=True)
class Terms:
    """What the requests to an account are judged by. Times count from what `unix` tells."""

    plan: Plan
    unix: Callable[[], float]
    allow_loopback: bool
    switches: Switches = DEFAULT_SWITCHES
    known: _Known = field(default_factory=dict, repr=False, compare=False)

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
    if not _by_content(fields):
        return ""
    return _content_key(url, fields.content_type or "", fields.forwarded, body, switches)


def _content_key(
    url: str,
    content_type: str,
    forwarded: Iterable[tuple[str, str]],
    body: bytes,
    switches: Switches,
) -> str:
    # QStash docs, "Deduplication": the hash covers the destination, the body, and the content type
    # and forwarded headers.
    if switches.content_hash == "body":
        return f"content:{hashlib.sha256(body).hexdigest()}"
    digest = hashlib.sha256()
    content = sorted(
        (name.lower(), value) for name, value in forwarded if name.lower() != "content-type"
    )
    for part in (url, content_type, *(text for pair in content for text in pair)):
        encoded = part.encode()
        digest.update(b"%d:%b" % (len(encoded), encoded))
    digest.update(body)
    return f"content:{digest.hexdigest()}"


def _by_content(fields: Fields) -> bool:
    options = Options(fields.config)
    return options.value("content-based-deduplication", parse_boolean, default=False)


def explicit_dedup_key(fields: Fields) -> str:
    """The key that is given as an id, or an empty string; raises Refused (400) if malformed."""
    explicit = fields.config.get(_DEDUP_ID, "")
    if ":" in explicit:
        raise Refused(400, "DeduplicationId cannot contain ':'")
    return explicit


def read_publish(
    raw_path: str, fields: Fields, body: bytes, *, terms: Terms, own_authorization: bool
) -> Post:
    """What a publish asks for; raises Refused when it is not valid.

    `own_authorization` says that the `Authorization` header is the publisher's towards the service,
    so it is not passed on.
    """
    url = destination(raw_path, fields.query)
    terms.check_destination(url)
    return read_message(url, fields, body, terms=terms, own_authorization=own_authorization)


def read_message(
    url: str,
    fields: Fields,
    body: bytes,
    *,
    terms: Terms,
    own_authorization: bool,
    queue: str = "",
) -> Post:
    """What a publish to a URL, or a group of that name, asks for; `url` is not judged here.

    Raises Refused when something else is not valid.
    """
    terms.check_size(body)
    key = ""
    config = fields.config
    if _DEDUP_ID in config or _DEDUP_CONTENT in config:
        key = dedup_key(fields, url, body, terms.switches)
        # It is another one each time, and what else is said is the same.
        config = {name: value for name, value in config.items() if name != _DEDUP_ID}
    if not _EACH_TIME.isdisjoint(config):
        return Post(_read(url, fields, terms, own_authorization, queue), body, key)
    said = (url, queue, fields.content_type, *config.items(), None, *fields.forwarded)
    publish = terms.known.get(said)
    if publish is None:
        publish = _read(url, fields, terms, own_authorization, queue)
        if len(terms.known) >= KEEP_KNOWN:
            terms.known.clear()
        if len(str(said)) <= MOST_KNOWN:
            terms.known[said] = publish
    return Post(publish, body, key)


def _read(url: str, fields: Fields, terms: Terms, own_authorization: bool, queue: str) -> Publish:
    default = Publish(
        url=intern(url),
        method=DEFAULT_METHOD,
        header=_forwarded(fields, own_authorization),
        delay_s=0,
        retries=min(DEFAULT_RETRIES, terms.plan.max_retries),
        timeout_s=None,
        retry_delay=None,
        queue=queue,
    )
    return configured(default, fields, terms)


def read_again(dead: Message, fields: Fields, *, terms: Terms, of_run: bool = False) -> Post:
    """What sending a dead letter again asks for; raises Refused when it is not valid. Those of
    workflow runs are sent again for a new run only, with `of_run`.

    The configuration headers of the request override the letter's own. Its delay is over and its
    deduplication key has been used, so both count only when the request has them.
    """
    publish = dead.publish
    if not of_run and publish.workflow is not None and publish.workflow.kind in _OF_RUN:
        raise NotOffered(400, "sending a dead letter of a workflow run again")
    header = override(publish.header, passed(fields.forwarded))
    default = replace(publish, header=header, delay_s=0)
    key = explicit_dedup_key(fields)
    if not key and _by_content(fields):
        content_type = next((value for name, value in header if name == "Content-Type"), "")
        key = _content_key(publish.url, content_type, header, dead.content, terms.switches)
    return Post(configured(default, fields, terms), dead.content, key)


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
