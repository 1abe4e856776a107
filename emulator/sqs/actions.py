"""The actions of the JSON protocol, by their names (SQS API reference)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulator.sqs.engine import Engine, MessageQueue
from emulator.sqs.errors import RefusedError, batch_too_long, invalid, invalid_attribute, no_queue
from emulator.sqs.given import TRACE, Given, size_of
from emulator.sqs.message import Attribute, NewMessage, Origin, md5, md5_of
from emulator.sqs.settings import (
    ACCOUNT,
    FIFO_SUFFIX,
    MAX_MESSAGE_BYTES,
    MAX_VISIBILITY_S,
    MAX_WAIT_S,
    REGION,
    Settings,
    changed,
)
from emulator.sqs.shown import shown_message

MOST_RECEIVED = 10
# SQS docs, "CreateQueue".
_NAME = re.compile(rf"(?=.{{1,80}}$)[A-Za-z0-9_-]+({re.escape(FIFO_SUFFIX)})?")

Answer = dict[str, Any]


ORIGIN = f"https://sqs.{REGION}.amazonaws.com"


def url_of(name: str, origin: str = ORIGIN) -> str:
    """The address of a queue."""
    return f"{origin}/{ACCOUNT}/{name}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, at `address`: what it says. `origin` tells where a message comes from."""

    engine: Engine
    given: Given
    address: str
    origin: Callable[[NewMessage], Origin]

    @property
    def queue(self) -> MessageQueue:
        return self.given.queue(self.engine)


# -- messages --------------------------------------------------------------------------------------


def _send_message(asked: Asked) -> Answer:
    queue = asked.queue
    return _sent(asked, queue, asked.given.message(queue))


def _send_message_batch(asked: Asked) -> Answer:
    queue = asked.queue
    entries = asked.given.entries()
    failed: list[Answer] = []
    read: list[tuple[str, NewMessage]] = []
    for name, given in entries:
        try:
            read.append((name, given.message(queue)))
        except RefusedError as error:
            failed.append(_failure(name, error))
    size = sum(size_of(new.body, new.attributes) for _, new in read)
    if size > MAX_MESSAGE_BYTES:
        raise batch_too_long(MAX_MESSAGE_BYTES, size)
    done = [{"Id": name, **_sent(asked, queue, new)} for name, new in read]
    return _batch(done, failed)


def _sent(asked: Asked, queue: MessageQueue, new: NewMessage) -> Answer:
    message = asked.engine.send(queue, new, asked.origin(new))
    # The checksums of what was sent now, also when a message of before is told.
    answer: Answer = {"MessageId": message.id, "MD5OfMessageBody": md5(new.body.encode())}
    if new.attributes:
        answer["MD5OfMessageAttributes"] = md5_of(new.attributes)
    if new.trace:
        trace = {TRACE: Attribute("String", new.trace)}
        answer["MD5OfMessageSystemAttributes"] = md5_of(trace)
    if queue.settings.fifo:
        answer["SequenceNumber"] = message.sequence
    return answer


def wait_s(asked: Asked) -> int:
    """How long a receive waits for a message, in seconds."""
    found = asked.given.whole("WaitTimeSeconds", 0, MAX_WAIT_S)
    return asked.queue.settings.wait_s if found is None else found


def _receive_message(asked: Asked) -> Answer:
    queue, given = asked.queue, asked.given
    most = given.whole("MaxNumberOfMessages", 1, MOST_RECEIVED) or 1
    visibility_s = given.whole("VisibilityTimeout", 0, MAX_VISIBILITY_S)
    wait_s(asked)
    found = asked.engine.receive(queue, most, visibility_s)
    system = given.texts("AttributeNames", "MessageSystemAttributeNames")
    own = given.texts("MessageAttributeNames")
    return {"Messages": [shown_message(one, system, own) for one in found]} if found else {}


def _delete_message(asked: Asked) -> Answer:
    asked.engine.delete(asked.queue, asked.given.text("ReceiptHandle"))
    return {}


def _change_visibility(asked: Asked) -> Answer:
    queue, given = asked.queue, asked.given
    handle = given.text("ReceiptHandle")
    visibility_s = given.whole("VisibilityTimeout", 0, MAX_VISIBILITY_S)
    if visibility_s is None:
        raise invalid("The request must contain the parameter VisibilityTimeout.")
    asked.engine.change_visibility(queue, handle, visibility_s)
    return {}


def _each(action: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
    """The same for several messages of one queue."""

    def perform(asked: Asked) -> Answer:
        url = asked.given.text("QueueUrl")
        asked.given.queue(asked.engine)
        done: list[Answer] = []
        failed: list[Answer] = []
        for name, given in asked.given.entries():
            one = Given({**given.fields, "QueueUrl": url})
            try:
                action(replace(asked, given=one))
                done.append({"Id": name})
            except RefusedError as error:
                failed.append(_failure(name, error))
        return _batch(done, failed)

    return perform


def _failure(name: str, error: RefusedError) -> Answer:
    return {"Id": name, "SenderFault": True, "Code": error.query_code, "Message": error.message}


def _batch(done: list[Answer], failed: list[Answer]) -> Answer:
    return {"Successful": done, "Failed": failed} if failed else {"Successful": done}


# -- queues ----------------------------------------------------------------------------------------


def _create_queue(asked: Asked) -> Answer:
    name = asked.given.text("QueueName")
    if not _NAME.fullmatch(name):
        raise invalid(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    attributes = asked.given.table("Attributes")
    fifo = name.endswith(FIFO_SUFFIX)
    if fifo and attributes.get("FifoQueue") != "true":
        raise invalid(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
            "underscores, must end with .fifo suffix and be 1 to 80 in length."
        )
    settings = changed(Settings(fifo=fifo), attributes, new=True)
    queue = asked.engine.add_queue(name, settings, frozenset(attributes))
    tags = asked.given.table("tags") or asked.given.table("Tags")
    queue.tags.update({key: str(value) for key, value in tags.items()})
    return {"QueueUrl": url_of(name, asked.address)}


def _delete_queue(asked: Asked) -> Answer:
    asked.engine.delete_queue(asked.queue)
    return {}


def _get_queue_url(asked: Asked) -> Answer:
    name = asked.given.text("QueueName")
    owner = asked.given.text("QueueOwnerAWSAccountId", optional=True)
    if owner not in ("", ACCOUNT):
        raise no_queue()
    return {"QueueUrl": url_of(asked.engine.queue(name).name, asked.address)}


def _list_queues(asked: Asked) -> Answer:
    prefix = asked.given.text("QueueNamePrefix", optional=True)
    most = asked.given.whole("MaxResults", 1, 1_000)
    after = asked.given.text("NextToken", optional=True)
    names = [one for one in sorted(asked.engine.queues) if one.startswith(prefix) and one > after]
    page = names[: most or 1_000]
    answer: Answer = {"QueueUrls": [url_of(name, asked.address) for name in page]} if page else {}
    # SQS docs, "ListQueues": only those who ask for pages are given them.
    if most is not None and len(page) < len(names):
        answer["NextToken"] = page[-1]
    return answer


def _get_queue_attributes(asked: Asked) -> Answer:
    queue = asked.queue
    waiting, in_flight, delayed = asked.engine.counts(queue)
    told = {
        **queue.settings.shown(),
        "ApproximateNumberOfMessages": str(waiting),
        "ApproximateNumberOfMessagesDelayed": str(delayed),
        "ApproximateNumberOfMessagesNotVisible": str(in_flight),
        "CreatedTimestamp": str(int(queue.created_unix)),
        "LastModifiedTimestamp": str(int(queue.modified_unix)),
        "QueueArn": queue.arn,
    }
    wanted = asked.given.texts("AttributeNames")
    if "All" not in wanted:
        for name in wanted:
            if name not in told and name not in _MAY_BE_ABSENT:
                raise invalid_attribute(f"Unknown Attribute {name}.")
        told = {name: text for name, text in told.items() if name in wanted}
    return {"Attributes": told} if told else {}


_MAY_BE_ABSENT = frozenset(
    {
        "ContentBasedDeduplication",
        "DeduplicationScope",
        "FifoQueue",
        "FifoThroughputLimit",
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "Policy",
        "RedriveAllowPolicy",
        "RedrivePolicy",
    }
)


def _set_queue_attributes(asked: Asked) -> Answer:
    queue = asked.queue
    queue.settings = changed(queue.settings, asked.given.table("Attributes"), new=False)
    queue.modified_unix = asked.engine.unix
    return {}


def _purge_queue(asked: Asked) -> Answer:
    asked.engine.purge(asked.queue)
    return {}


def _list_sources(asked: Asked) -> Answer:
    sources = asked.engine.sources_of(asked.queue)
    return {"queueUrls": [url_of(one.name, asked.address) for one in sources]}


def _tag_queue(asked: Asked) -> Answer:
    tags = asked.given.table("Tags")
    asked.queue.tags.update({key: str(value) for key, value in tags.items()})
    return {}


def _untag_queue(asked: Asked) -> Answer:
    queue = asked.queue
    for key in asked.given.texts("TagKeys"):
        queue.tags.pop(key, None)
    return {}


def _list_queue_tags(asked: Asked) -> Answer:
    tags = asked.queue.tags
    return {"Tags": dict(tags)} if tags else {}


ACTIONS: Mapping[str, Callable[[Asked], Answer]] = {
    "ChangeMessageVisibility": _change_visibility,
    "ChangeMessageVisibilityBatch": _each(_change_visibility),
    "CreateQueue": _create_queue,
    "DeleteMessage": _delete_message,
    "DeleteMessageBatch": _each(_delete_message),
    "DeleteQueue": _delete_queue,
    "GetQueueAttributes": _get_queue_attributes,
    "GetQueueUrl": _get_queue_url,
    "ListDeadLetterSourceQueues": _list_sources,
    "ListQueueTags": _list_queue_tags,
    "ListQueues": _list_queues,
    "PurgeQueue": _purge_queue,
    "ReceiveMessage": _receive_message,
    "SendMessage": _send_message,
    "SendMessageBatch": _send_message_batch,
    "SetQueueAttributes": _set_queue_attributes,
    "TagQueue": _tag_queue,
    "UntagQueue": _untag_queue,
}
# What the service does besides, and this one does not.
NOT_SERVED = frozenset(
    {
        "AddPermission",
        "CancelMessageMoveTask",
        "ListMessageMoveTasks",
        "RemovePermission",
        "StartMessageMoveTask",
    }
)
