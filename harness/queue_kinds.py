"""The names of the queues that a bot may publish to, as profiles and options write them."""

from typing import Literal, get_args

QueueKind = Literal["qstash", "cloudtasks", "sqs"]

QUEUE_KINDS: tuple[QueueKind, ...] = get_args(QueueKind)
