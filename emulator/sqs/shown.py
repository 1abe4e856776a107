"""How a message is shown: to who receives it, and in the event of a function."""

import base64
from collections.abc import Sequence
from typing import Any

from emulator.sqs.given import TRACE
from emulator.sqs.message import Attribute, Message, md5_of
from emulator.sqs.settings import REGION

# The id of who sent it, in the shape of an IAM user's.
SENDER_ID = "AIDATHRICEDEMOSENDER0"


def system_attributes(message: Message) -> dict[str, str]:
    """What the queue says of a message (SQS docs, "ReceiveMessage")."""
    told = {
        "ApproximateFirstReceiveTimestamp": _ms(message.first_received_unix),
        "ApproximateReceiveCount": str(message.received),
        "SenderId": SENDER_ID,
        "SentTimestamp": _ms(message.sent_unix),
    }
    new = message.new
    if new.group:
        told["MessageGroupId"] = new.group
    if new.dedup:
        told["MessageDeduplicationId"] = new.dedup
        told["SequenceNumber"] = message.sequence
    if new.trace:
        told[TRACE] = new.trace
    if message.dead_letter_of:
        told["DeadLetterQueueSourceArn"] = message.dead_letter_of
    return told


def shown_message(message: Message, system: Sequence[str], own: Sequence[str]) -> dict[str, Any]:
    """A message as a receive tells it, with the attributes that were asked for."""
    told: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": message.handle,
        "MD5OfBody": message.body_md5,
        "Body": message.new.body,
    }
    attributes = system_attributes(message)
    if "All" not in system:
        attributes = {name: text for name, text in attributes.items() if name in system}
    if attributes:
        told["Attributes"] = attributes
    asked = {name: one for name, one in message.new.attributes.items() if _is_asked(name, own)}
    if asked:
        told["MessageAttributes"] = {name: _as_sent(one) for name, one in asked.items()}
        # Of those that are told, because clients check them by it.
        told["MD5OfMessageAttributes"] = md5_of(asked)
    return told


def record(message: Message, queue_arn: str) -> dict[str, Any]:
    """A message in the event of a function (Lambda docs, "Using Lambda with Amazon SQS")."""
    told: dict[str, Any] = {
        "messageId": message.id,
        "receiptHandle": message.handle,
        "body": message.new.body,
        "attributes": system_attributes(message),
        "messageAttributes": {name: _in_event(one) for name, one in message.new.attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }
    if message.new.attributes:
        told["md5OfMessageAttributes"] = message.attributes_md5
    return told


def _is_asked(name: str, wanted: Sequence[str]) -> bool:
    """SQS docs, "ReceiveMessage": by name, by the beginning of a name, or all."""
    return any(
        one in ("All", ".*", name) or (one.endswith(".*") and name.startswith(one[:-2]))
        for one in wanted
    )


def _as_sent(attribute: Attribute) -> dict[str, str]:
    value = attribute.value
    if isinstance(value, bytes):
        told = {"BinaryValue": base64.b64encode(value).decode()}
    else:
        told = {"StringValue": value}
    return {"DataType": attribute.data_type, **told}


def _in_event(attribute: Attribute) -> dict[str, Any]:
    value = attribute.value
    told: dict[str, Any] = {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": attribute.data_type,
    }
    if isinstance(value, bytes):
        told["binaryValue"] = base64.b64encode(value).decode()
    else:
        told["stringValue"] = value
    return told


def _ms(unix: float) -> str:
    return str(int(unix * 1000))
