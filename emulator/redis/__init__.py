"""A Redis database in a world's time: the keys, and what was asked of them."""

from emulator.redis.keyspace import Asker, Keyspace, load
from emulator.redis.oplog import Operation, OpLog
from emulator.redis.values import Members, Pairs, Refusal, Silent, Status, Value

__all__ = [
    "Asker",
    "Keyspace",
    "Members",
    "OpLog",
    "Operation",
    "Pairs",
    "Refusal",
    "Silent",
    "Status",
    "Value",
    "load",
]
