"""What a call says, read and checked."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from emulator.sqs.engine import Engine, MessageQueue
from emulator.sqs.errors import (
    RefusedError,
    bad_batch_id,
    batch_too_large,
    empty_batch,
    ids_not_distinct,
    invalid,
    invalid_contents,
    invalid_value,
    missing,
    no_queue,
)
from emulator.sqs.message import Attribute, NewMessage
from emulator.sqs.settings import MAX_DELAY_S

MOST_ENTRIES = 10  # SQS docs, "Amazon SQS message quotas": of a batch, and of attributes
TRACE = "AWSTraceHeader"

# SQS docs, "SendMessage": the characters that a message may have.
FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BATCH_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
# As above, for the ids of groups and of deduplication.
_FIFO_ID = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_DATA_TYPE = re.compile(r"(String|Number|Binary)(\.[^\0]{1,240})?")
_ATTRIBUTE_NAME = re.compile(
    r"(?!AWS\.|Amazon\.)[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*", re.IGNORECASE
)


class Given:
    """The fields of one call, or of one entry of a batch."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields

    def text(self, name: str, *, optional: bool = False) -> str:
        """A string; raises RefusedError when it is missing or something else."""
        value = self.fields.get(name)
        if value is None or value == "":
            if optional:
                return ""
            raise missing(name)
        if not isinstance(value, str):
            raise _serialization(name)
        return value

    def whole(self, name: str, low: int, high: int) -> int | None:
        """A whole number in a range, None when there is none."""
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise _serialization(name)
        if not low <= value <= high:
            raise invalid_value(value, name, f"Must be >= {low} and <= {high}, if provided.")
        return value

    def texts(self, *names: str) -> list[str]:
        """The strings of a list, or of several."""
        found: list[str] = []
        for name in names:
            value = self.fields.get(name) or []
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise _serialization(name)
            found += value
        return found

    def table(self, name: str) -> dict[str, Any]:
        """A JSON object; empty when there is none."""
        value = self.fields.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise _serialization(name)
        return value

    def entries(self) -> list[tuple[str, "Given"]]:
        """The entries of a batch with their ids. Raises RefusedError when the batch is none."""
        value = self.fields.get("Entries")
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise missing("Entries") if value is None else _serialization("Entries")
        if not value:
            raise empty_batch()
        if len(value) > MOST_ENTRIES:
            raise batch_too_large(len(value))
        found: list[tuple[str, Given]] = []
        for one in value:
            name = one.get("Id")
            if not isinstance(name, str) or not _BATCH_ID.fullmatch(name):
                raise bad_batch_id()
            if any(name == other for other, _ in found):
                raise ids_not_distinct(name)
            found.append((name, Given(one)))
        return found

    def queue(self, engine: Engine) -> MessageQueue:
        """The queue that `QueueUrl` means: what stands behind its last slash."""
        url = self.text("QueueUrl")
        name = url.rstrip("/").rpartition("/")[2]
        if name not in engine.queues:
            raise no_queue()
        return engine.queue(name)

    def message(self, queue: MessageQueue) -> NewMessage:
        """What is to be sent. Raises RefusedError for what this queue does not take."""
        body = self.text("MessageBody")
        attributes = _attributes(self.table("MessageAttributes"))
        if FORBIDDEN.search(body):
            raise invalid_contents()
        size = size_of(body, attributes)
        if size > queue.settings.max_bytes:
            raise invalid(
                "One or more parameters are invalid. Reason: Message must be shorter than "
                f"{queue.settings.max_bytes} bytes."
            )
        delay_s = self.whole("DelaySeconds", 0, MAX_DELAY_S)
        group, dedup = self._fifo_ids()
        if queue.settings.fifo:
            if not group:
                raise missing("MessageGroupId")
            if delay_s:
                raise invalid_value(
                    delay_s,
                    "DelaySeconds",
                    "The request include parameter that is not valid for this queue type.",
                )
            delay_s = None
            if not dedup:
                if not queue.settings.content_dedup:
                    raise invalid(
                        "The queue should either have ContentBasedDeduplication enabled or "
                        "MessageDeduplicationId provided explicitly"
                    )
                dedup = hashlib.sha256(body.encode()).hexdigest()
        elif dedup:
            raise invalid_value(
                dedup,
                "MessageDeduplicationId",
                "The request includes a parameter that is not valid for this queue type.",
            )
        return NewMessage(
            body=body,
            attributes=attributes,
            trace=self._trace(),
            group=group,
            dedup=dedup,
            delay_s=delay_s,
        )

    def _fifo_ids(self) -> tuple[str, str]:
        found = []
        for name in ("MessageGroupId", "MessageDeduplicationId"):
            value = self.text(name, optional=True)
            if value and not _FIFO_ID.fullmatch(value):
                raise invalid_value(
                    value,
                    name,
                    f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in "
                    "length.",
                )
            found.append(value)
        return found[0], found[1]

    def _trace(self) -> str:
        own = _attributes(self.table("MessageSystemAttributes"))
        if not own:
            return ""
        trace = own.get(TRACE)
        if trace is None or len(own) > 1 or not isinstance(trace.value, str):
            raise invalid(f"Only {TRACE} can be sent as a message system attribute.")
        return trace.value


def size_of(body: str, attributes: Mapping[str, Attribute]) -> int:
    """Bytes that a message counts for (SQS docs, "Message attributes": names, types and values)."""
    size = len(body.encode())
    for name, attribute in attributes.items():
        value = attribute.value
        length = len(value) if isinstance(value, bytes) else len(value.encode())
        size += len(name.encode()) + len(attribute.data_type.encode()) + length
    return size


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises RefusedError for anything else."""
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        raise RefusedError("SerializationException", "The request is not JSON.") from None
    if not isinstance(content, dict):
        raise RefusedError("SerializationException", "The request is not a JSON object.")
    return content


def _serialization(name: str) -> RefusedError:
    return RefusedError("SerializationException", f"{name} is of another type.")


def _attributes(table: Mapping[str, Any]) -> dict[str, Attribute]:
    if len(table) > MOST_ENTRIES:
        raise invalid(
            f"Number of message attributes [{len(table)}] exceeds the allowed maximum "
            f"[{MOST_ENTRIES}]."
        )
    return {name: _attribute(name, value) for name, value in table.items()}


def _attribute(name: str, value: object) -> Attribute:
    if len(name) > 256 or not _ATTRIBUTE_NAME.fullmatch(name):
        raise invalid(
            "Message (user) attribute name can only include alphanumeric characters, hyphens, "
            "underscores and periods, and must not begin with AWS. or Amazon."
        )
    if not isinstance(value, dict):
        raise _serialization(name)
    data_type = value.get("DataType")
    if not isinstance(data_type, str) or not _DATA_TYPE.fullmatch(data_type):
        raise invalid(
            f"The message attribute '{name}' has an invalid message attribute type, the set of "
            "supported type prefixes is Binary, Number, and String."
        )
    field = "BinaryValue" if data_type.startswith("Binary") else "StringValue"
    content = value.get(field)
    if not isinstance(content, str) or not content:
        raise invalid(
            f"The message attribute '{name}' must contain non-empty message attribute value for "
            f"message attribute type '{data_type.partition('.')[0]}'."
        )
    if field == "StringValue":
        if FORBIDDEN.search(content):
            raise invalid_contents()
        return Attribute(data_type, content)
    try:
        return Attribute(data_type, base64.b64decode(content, validate=True))
    except (binascii.Error, ValueError):
        raise _serialization(name) from None
