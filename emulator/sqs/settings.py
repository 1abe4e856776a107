"""What a queue is set to, as its attributes say it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulator.sqs.errors import RefusedError, invalid_attribute, invalid_attribute_value

REGION = "us-east-1"
ACCOUNT = "123456789012"
ARN_BASE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
FIFO_SUFFIX = ".fifo"

# SQS docs, "Amazon SQS message quotas" and "SetQueueAttributes".
MAX_DELAY_S = 900
MAX_VISIBILITY_S = 43_200
MAX_WAIT_S = 20
MAX_MESSAGE_BYTES = 1_048_576
MIN_RETENTION_S, MAX_RETENTION_S = 60, 1_209_600
MAX_RECEIVES = 1_000


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are seconds. `redrive_arn` is the queue of the dead letters, empty for none, and
    `max_receives` how often a message is handed out before it goes there.
    """

    fifo: bool = False
    content_dedup: bool = False
    dedup_by_group: bool = False
    limit_by_group: bool = False
    delay_s: int = 0
    visibility_s: int = 30
    retention_s: int = 345_600
    wait_s: int = 0
    max_bytes: int = MAX_MESSAGE_BYTES
    redrive_arn: str = ""
    max_receives: int = 0
    policy: str = ""

    def shown(self) -> dict[str, str]:
        """As attributes."""
        told = {
            "DelaySeconds": str(self.delay_s),
            "MaximumMessageSize": str(self.max_bytes),
            "MessageRetentionPeriod": str(self.retention_s),
            "ReceiveMessageWaitTimeSeconds": str(self.wait_s),
            "SqsManagedSseEnabled": "true",
            "VisibilityTimeout": str(self.visibility_s),
        }
        if self.policy:
            told["Policy"] = self.policy
        if self.redrive_arn:
            told["RedrivePolicy"] = json.dumps(
                {"deadLetterTargetArn": self.redrive_arn, "maxReceiveCount": self.max_receives},
                separators=(",", ":"),
            )
        if self.fifo:
            told["FifoQueue"] = "true"
            told["ContentBasedDeduplication"] = str(self.content_dedup).lower()
            told["DeduplicationScope"] = "messageGroup" if self.dedup_by_group else "queue"
            told["FifoThroughputLimit"] = "perMessageGroupId" if self.limit_by_group else "perQueue"
        return told


def name_of_arn(arn: str) -> str:
    """The queue that an ARN names; empty for one of elsewhere."""
    return arn[len(ARN_BASE) :] if arn.startswith(ARN_BASE) else ""


def changed(settings: Settings, attributes: Mapping[str, Any], *, new: bool) -> Settings:
    """The settings with these attributes. Raises RefusedError for an unknown name or a value out of
    its range.
    """
    for name, value in attributes.items():
        if not isinstance(value, str):
            raise invalid_attribute_value(name)
        if name in _RANGES:
            field, low, high = _RANGES[name]
            number: Any = _whole(name, value, low, high)
            settings = replace(settings, **{field: number})
        elif name in _CHOICES:
            field, options = _CHOICES[name]
            if not settings.fifo:
                raise invalid_attribute(
                    f"You can specify the {name} only when FifoQueue is set to true."
                )
            if value not in options:
                raise invalid_attribute_value(name)
            choice: Any = options[value]
            settings = replace(settings, **{field: choice})
        elif name == "RedrivePolicy":
            settings = _redriven(settings, value)
        elif name == "Policy":
            settings = replace(settings, policy=value)
        elif name == "FifoQueue":
            # Its name says whether it is one, so it can not be changed.
            if not new or value != "true" or not settings.fifo:
                raise _unknown(name)
        elif name not in _WITHOUT_EFFECT:
            raise _unknown(name)
    return settings


def _unknown(name: str) -> RefusedError:
    return invalid_attribute(f"Unknown Attribute {name}.")


def _whole(name: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and low <= int(text) <= high):
        raise invalid_attribute_value(name)
    return int(text)


def _redriven(settings: Settings, text: str) -> Settings:
    if not text:
        return replace(settings, redrive_arn="", max_receives=0)
    try:
        policy = json.loads(text)
        arn, most = policy["deadLetterTargetArn"], int(policy["maxReceiveCount"])
    except (ValueError, TypeError, KeyError):
        raise invalid_attribute_value("RedrivePolicy") from None
    name = name_of_arn(arn) if isinstance(arn, str) else ""
    # SQS docs, "Using dead-letter queues": that of a FIFO queue is one as well.
    if not name or not 1 <= most <= MAX_RECEIVES or name.endswith(FIFO_SUFFIX) != settings.fifo:
        raise invalid_attribute_value("RedrivePolicy")
    return replace(settings, redrive_arn=arn, max_receives=most)


_RANGES: Mapping[str, tuple[str, int, int]] = {
    "DelaySeconds": ("delay_s", 0, MAX_DELAY_S),
    "MaximumMessageSize": ("max_bytes", 1_024, MAX_MESSAGE_BYTES),
    "MessageRetentionPeriod": ("retention_s", MIN_RETENTION_S, MAX_RETENTION_S),
    "ReceiveMessageWaitTimeSeconds": ("wait_s", 0, MAX_WAIT_S),
    "VisibilityTimeout": ("visibility_s", 0, MAX_VISIBILITY_S),
}
_CHOICES: Mapping[str, tuple[str, Mapping[str, bool]]] = {
    "ContentBasedDeduplication": ("content_dedup", {"true": True, "false": False}),
    "DeduplicationScope": ("dedup_by_group", {"messageGroup": True, "queue": False}),
    "FifoThroughputLimit": ("limit_by_group", {"perMessageGroupId": True, "perQueue": False}),
}
# Who may encrypt or redrive makes no difference to what is kept here.
_WITHOUT_EFFECT = frozenset(
    {"KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "RedriveAllowPolicy", "SqsManagedSseEnabled"}
)
