"""The query of a list request or of cancelling in bulk: filters, cursor, count and order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from emulator.qstash.grammar import parse_whole
from emulator.qstash.ledger import Ledger, Page, Place, parse_place
from emulator.qstash.message import DeadLetter, LogEntry, Message
from emulator.qstash.refusal import Refused

Record = TypeVar("Record", LogEntry, DeadLetter)

_ORDERS = {"latestFirst": True, "earliestFirst": False}
_FILTERS = frozenset(
    {
        "messageId",
        "url",
        "topicName",
        "scheduleId",
        "queueName",
        "callerIp",
        "callerIP",
        "label",
        "flowControlKey",
        "workflowRunId",
        "workflowUrl",
        "workflowCreatedAt",
    }
)
LOG_FILTERS = _FILTERS | {"messageIds", "state", "host", "path"}
# QStash REST description, "Bulk cancel messages"
CANCEL_FILTERS = _FILTERS - {"messageId"} | {"host", "path", "messageIds"}
# The Workflow SDK: `source=workflow` for the letters of runs.
DLQ_FILTERS = _FILTERS | {"dlqIds", "responseStatus", "source"}
# `api` filtered by a provider once; it was withdrawn and is let pass without effect.
_OTHER_KEYS = frozenset({"cursor", "count", "order", "fromDate", "toDate", "qstash_token", "api"})

# QStash REST description, list logs: the filter value IN_PROGRESS, and the spelling of the docs
# beside that of the SDKs.
_STATE_GROUPS = {"IN_PROGRESS": ("ACTIVE", "RETRY", "ERROR"), "CANCELLED": ("CANCELED",)}


@dataclass(frozen=True, slots=True)
class Listing:
    """One list request.

    `wanted` has the accepted values per filter: any of them, for every filter. Dates are Unix ms.
    """

    wanted: Mapping[str, frozenset[str]]
    from_ms: int | None
    to_ms: int | None
    after: Place | None
    count: int
    latest_first: bool

    def page(self, ledger: Ledger[Record], now_ms: int) -> Page[Record]:
        return ledger.page(
            self._matches,
            now_ms=now_ms,
            count=self.count,
            latest_first=self.latest_first,
            after=self.after,
            message_ids=self.wanted.get("messageId", self.wanted.get("messageIds")),
        )

    def matches_message(self, message: Message) -> bool:
        """Whether a message is one of those asked for; its date is that of its creation."""
        return self._within(message.created_ms) and all(
            not values.isdisjoint(message_values(name, message))
            for name, values in self.wanted.items()
        )

    def _within(self, time_ms: int) -> bool:
        return (self.from_ms is None or time_ms >= self.from_ms) and (
            self.to_ms is None or time_ms <= self.to_ms
        )

    def _matches(self, place: Place, record: LogEntry | DeadLetter) -> bool:
        return self._within(place[0]) and all(
            not values.isdisjoint(_values(name, record)) for name, values in self.wanted.items()
        )


def read_listing(
    query: str,
    *,
    filters: frozenset[str],
    strict: bool,
    default_count: int,
    max_count: int,
    latest_first: bool,
) -> Listing:
    """Read a query; raises Refused (400) for a malformed value and, if `strict`, an unknown key.

    Several values for a filter come as repeated keys or joined by commas. A count above the most
    that is served counts as that.
    """
    pairs = [
        (key, value) for key, value in parse_qsl(query, keep_blank_values=True) if value or strict
    ]
    wanted: dict[str, set[str]] = {}
    other: dict[str, str] = {}
    for key, value in pairs:
        if key in filters:
            if value:
                wanted.setdefault(key, set()).update(_alternatives(key, value))
        elif key in _OTHER_KEYS:
            if value:
                other.setdefault(key, value)
        elif strict:
            raise Refused(400, f"unknown query parameter: {key}")
    order = other.get("order")
    if order is not None and order not in _ORDERS:
        raise Refused(400, f"invalid order: '{order}' is none of {', '.join(sorted(_ORDERS))}")
    after = None
    if (cursor := other.get("cursor")) is not None and (after := parse_place(cursor)) is None:
        raise Refused(400, f"invalid cursor: '{cursor}'")
    count = _whole(other, "count")
    if count == 0:
        raise Refused(400, "invalid count: must be greater than zero")
    return Listing(
        wanted={key: frozenset(values) for key, values in wanted.items()},
        from_ms=_whole(other, "fromDate"),
        to_ms=_whole(other, "toDate"),
        after=after,
        count=default_count if count is None else min(count, max_count),
        latest_first=latest_first if order is None else _ORDERS[order],
    )


def _whole(values: Mapping[str, str], name: str) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    try:
        return parse_whole(text)
    except ValueError as error:
        raise Refused(400, f"invalid {name}: {error}") from error


def _alternatives(key: str, value: str) -> Iterable[str]:
    # The whole value too: a URL may contain commas of its own.
    found = {value, *(part for part in value.split(",") if part)}
    if key == "state":
        for group, members in _STATE_GROUPS.items():
            if group in found:
                found.update(members)
    return found


def _values(name: str, record: LogEntry | DeadLetter) -> tuple[str, ...]:
    """The record's values for a filter."""
    if isinstance(record, LogEntry):
        if name == "state":
            return (record.state.value,)
    elif name == "dlqIds":
        return (record.id,)
    elif name == "responseStatus":
        return (str(record.reply.status if record.reply is not None else 0),)
    return message_values(name, record.message)


def message_values(name: str, message: Message) -> tuple[str, ...]:
    """The message's values for a filter; an empty text is none."""
    match name:
        case "messageId" | "messageIds":
            return (message.id,)
        case "url":
            return (message.publish.url,)
        case "label":
            return message.publish.labels
        case "callerIp" | "callerIP":
            return (message.caller_ip,)
        case "host":
            parts = urlsplit(message.publish.url)
            return (parts.netloc, parts.hostname or "")
        case "path":
            return (urlsplit(message.publish.url).path or "/",)
        case "topicName":
            return (message.publish.topic,)
        case "queueName":
            return (message.publish.queue,)
        case "scheduleId":
            return (message.publish.schedule_id,)
        case "workflowRunId":
            return (message.publish.workflow.run_id,) if message.publish.workflow else ()
        case "workflowUrl":
            return (message.run.url,) if message.run is not None else ()
        case "workflowCreatedAt":
            return (str(message.run.created_ms),) if message.run is not None else ()
        case "source":
            return ("workflow",) if message.publish.workflow else ()
        case "flowControlKey":
            return (message.publish.flow.key,) if message.publish.flow is not None else ()
    return ()
