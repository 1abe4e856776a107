"""What a request reads and writes, for the search through orders of calls.

Sending to a standard queue commutes with other sends; in a FIFO queue those of one group do not,
nor two with one deduplication id. Receiving and deleting meet everything of their queue.
"""

from collections.abc import Mapping
from typing import Any

from emulator.call import Access
from emulator.sqs.errors import RefusedError
from emulator.sqs.given import read_object
from emulator.sqs.settings import FIFO_SUFFIX

_READS = frozenset({"GetQueueAttributes", "GetQueueUrl", "ListQueueTags"})
# What concerns all queues.
_ACCOUNT = frozenset({"CreateQueue", "DeleteQueue", "ListDeadLetterSourceQueues", "ListQueues"})
_SENDS = frozenset({"SendMessage", "SendMessageBatch"})


def access_of(action: str, body: bytes) -> Access:
    """What a call touches; `action` is its name in the protocol."""
    try:
        fields = read_object(body)
    except RefusedError:
        return Access("invalid")
    name = str(fields.get("QueueUrl") or fields.get("QueueName") or "")
    queue = "sqs:" + name.rstrip("/").rpartition("/")[2]
    if action in _SENDS:
        written = _sent(fields, queue) if queue.endswith(FIFO_SUFFIX) else frozenset()
        return Access("publish", reads=frozenset({queue}), writes=written)
    verb = action[:1].lower() + action[1:]
    if action in _ACCOUNT:
        return Access(verb, writes=frozenset({queue, "sqs:"}))
    if action in _READS:
        return Access(verb, reads=frozenset({queue}))
    return Access(verb, writes=frozenset({queue}))


def _sent(fields: Mapping[str, Any], queue: str) -> frozenset[str]:
    entries = fields.get("Entries")
    keys = set()
    for one in entries if isinstance(entries, list) else [fields]:
        if not isinstance(one, dict):
            continue
        keys.add(f"{queue}/group/{one.get('MessageGroupId')}")
        keys.add(f"{queue}/dedup/{one.get('MessageDeduplicationId') or one.get('MessageBody')}")
    return frozenset(keys)
