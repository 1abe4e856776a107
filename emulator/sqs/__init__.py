"""A fake SQS: queues, visibility, FIFO order and deduplication, dead letters, and the mapping by
which Lambda hands messages to a function.
"""

from emulator.sqs.actions import ORIGIN
from emulator.sqs.mapping import Mapping
from emulator.sqs.service import FIFO_URL, QUEUE_URL, Sqs

__all__ = ["FIFO_URL", "ORIGIN", "QUEUE_URL", "Mapping", "Sqs"]
