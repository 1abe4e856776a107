"""What a request reads and writes, for the search through orders of calls.

Whatever orders the deliveries of several messages (a queue, a flow-control key) is one resource, as
are the groups: that costs executions, never soundness. Listing messages and cancelling them by
filter is not seen to meet publishing.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl

from emulator.call import Access
from emulator.exchange import Request
from emulator.qstash.destination import (
    ENQUEUE_PATH,
    PUBLISH_PATH,
    SCHEDULES_PATH,
    is_url,
    split_queue,
    with_query,
)
from emulator.qstash.fields import Fields, read_fields
from emulator.qstash.refusal import Refused
from emulator.qstash.wire import dedup_key, explicit_dedup_key

# Headers by which a publish touches more than the message that it makes.
_SHARED = ("upstash-dedup", "upstash-content", "upstash-flow", "upstash-workflow", "upstash-cron")
_WHOLE = ("keys", "dlq", "queues", "topics", "schedules", "flowControl", "bulkActions")
# Any key that is made from content.
_BY_CONTENT = "qstash:dedup:content"
# What begins, goes on with, wakes or ends a workflow run.
_OF_RUNS = ("trigger", "wait", "notify", "waiters", "workflows")


def access_of(request: Request, number: int) -> Access:
    """What a request touches. `number` is another one for each request: a publish without
    deduplication commutes with everything.
    """
    path = request.raw_path
    if path.startswith((PUBLISH_PATH, ENQUEUE_PATH)):
        return _publish(request, number)
    if path.rstrip("/") == "/v2/batch":
        return _batch(request, number)
    if path.startswith(SCHEDULES_PATH) and request.method == "POST":
        return Access(
            "schedule",
            reads=frozenset({"qstash:topics"}),
            writes=frozenset({"qstash:schedules"}),
        )
    part = path.removeprefix("/v2/").removeprefix("batch/").partition("/")[0]
    if part in _OF_RUNS:
        runs = frozenset({"qstash:workflows"})
        if path.startswith("/v2/workflows/dlq"):
            runs |= {"qstash:dlq"}
        reading = request.method in ("GET", "HEAD")
        return Access("read", reads=runs) if reading else Access(part, writes=runs)
    resource = f"qstash:{part}" if part in _WHOLE else f"qstash:{path.rstrip('/')}"
    if request.method in ("GET", "HEAD"):
        return Access("read", reads=frozenset({resource}))
    writes = {resource}
    if path.startswith("/v2/dlq/retry"):
        writes |= _retry_keys(request)
    if path.rstrip("/") == "/v2/messages":
        writes |= {f"qstash:/v2/messages/{message_id}" for message_id in _ids(request)}
    return Access(request.method.lower(), writes=frozenset(writes))


# An application sends the same headers again and again.
@lru_cache(maxsize=1_024)
def _names_shared(names: tuple[str, ...]) -> bool:
    return any(name.lower().startswith(_SHARED) for name in names)


def _publish(request: Request, number: int) -> Access:
    path = request.raw_path
    queue, target = "", path[len(PUBLISH_PATH) :]
    if path.startswith(ENQUEUE_PATH):
        queue, target = split_queue(path)
    plain = not (queue or request.raw_query) and is_url(target)
    if plain and not _names_shared(tuple([name for name, _ in request.headers])):
        return Access("publish", writes=frozenset((f"qstash:new:{number}",)))
    fields = read_fields(request.raw_query, request.headers)
    reads, writes = _touched(target, fields, request.body, queue, f"{number}")
    return Access("publish", reads=frozenset(reads), writes=frozenset(writes))


def _batch(request: Request, number: int) -> Access:
    reads: set[str] = set()
    writes: set[str] = set()
    try:
        items = json.loads(request.body)
    except ValueError:
        items = None
    for place, item in enumerate(items if isinstance(items, list) else ()):
        if not isinstance(item, dict):
            continue
        headers = item.get("headers")
        pairs = headers.items() if isinstance(headers, Mapping) else ()
        fields = read_fields("", [(str(name), str(value)) for name, value in pairs])
        more_reads, more_writes = _touched(
            str(item.get("destination")),
            fields,
            str(item.get("body") or "").encode(),
            str(item.get("queue") or ""),
            f"{number}.{place}",
        )
        reads |= more_reads
        writes |= more_writes
    return Access("publish", reads=frozenset(reads), writes=frozenset(writes))


def _touched(
    target: str, fields: Fields, body: bytes, queue: str, number: str
) -> tuple[set[str], set[str]]:
    """What one publish reads and writes."""
    try:
        key = dedup_key(fields, with_query(target, fields.query), body)
    except Refused:
        key = ""
    reads = set() if is_url(target) else {"qstash:topics"}
    if key.startswith("content:"):
        reads.add(_BY_CONTENT)
    writes = {f"qstash:dedup:{key}" if key else f"qstash:new:{number}"}
    if queue:
        writes.add("qstash:queues")
    if "upstash-flow-control-key" in fields.config:
        writes.add("qstash:flowControl")
    if "upstash-cron" in fields.config:
        writes.add("qstash:schedules")
    if "upstash-workflow-runid" in fields.config:
        writes.add("qstash:workflows")
    return reads, writes


def _ids(request: Request) -> set[str]:
    """The messages that a bulk request names."""
    named = [value for key, value in parse_qsl(request.raw_query) if key == "messageIds"]
    found = {one for value in named for one in value.split(",")}
    try:
        asked = json.loads(request.body) if request.body else {}
    except ValueError:
        return found
    more = asked.get("messageIds") if isinstance(asked, dict) else None
    return found | {str(one) for one in more} if isinstance(more, list) else found


def _retry_keys(request: Request) -> set[str]:
    """The deduplication keys that sending a dead letter again may take."""
    fields = read_fields(request.raw_query, request.headers)
    try:
        key = explicit_dedup_key(fields)
    except Refused:
        return set()
    if key:
        return {f"qstash:dedup:{key}"}
    # It depends on the letter which one that is.
    return {_BY_CONTENT} if "upstash-content-based-deduplication" in fields.config else set()
