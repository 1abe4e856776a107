"""The kinds of queue that a bot may publish to, and what the harness asks of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator import World
from emulator.cloudtasks import ORIGIN as CLOUD_TASKS
from emulator.exchange import Reply
from emulator.qstash.dedup import DEDUP_WINDOW_S
from emulator.qstash.service import ORIGINS as QSTASHES
from emulator.sqs import ORIGIN as SQS
from emulator.sqs.engine import DEDUP_WINDOW_S as SQS_DEDUP_WINDOW_S
from emulator.world import QueueKind
from harness.scenarios.outages_replies import (
    QUEUE_UNAUTHORIZED,
    SQS_THROTTLED,
    SQS_UNAUTHORIZED,
    TASKS_UNAUTHORIZED,
    queue_over_quota,
    tasks_over_quota,
)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a queue says of itself, as a person would read it.

    `events` have a `messageId` and a `state`, `CREATED` and `DELIVERED` among others; `dead` are
    those it gave up, `waiting` counts those that have not ended, `billed` is what all of it cost,
    in what the plan counts.
    """

    events: tuple[Mapping[str, Any], ...]
    dead: tuple[Mapping[str, Any], ...]
    waiting: int
    billed: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What the harness knows of one kind.

    `service` is its name in journals, `origin` the address that stands for it, `address` the
    variable that tells a bot where it is. `remembers_s` is how long it knows a repetition, and
    `forgets` says so.
    """

    service: str
    origin: str
    address: str
    remembers_s: float
    forgets: str
    unauthorized: Reply
    over_quota: Callable[[float], Reply]
    ledger: Callable[[World], Ledger]


def _of_qstash(world: World) -> Ledger:
    # Callbacks are messages of the queue itself.
    events = tuple(
        event
        for event in world.qstash.events(count=1000)
        if not world.qstash.source_of(str(event["messageId"]))
    )
    dead = tuple(world.qstash.dead_letters())
    return Ledger(events, dead, world.qstash.pending(), world.qstash.cost.attempts)


# What the operation log calls what happened, in the words of the other queue's.
_STATES = {"created": "CREATED", "dispatched": "ACTIVE", "done": "DELIVERED", "failed": "RETRY"}


def _of_cloud_tasks(world: World) -> Ledger:
    """The operation log: the queue itself shows only what has not ended, and forgets what it gave
    up.
    """
    operations = world.cloudtasks.operations()
    events = tuple(
        {"messageId": one.task, "state": _STATES.get(one.what, one.what.upper())}
        for one in operations
    )
    dead = tuple(
        {
            "messageId": one.task.rpartition("/")[2],
            "maxRetries": one.attempts - 1,
            "responseStatus": one.status,
        }
        for one in operations
        if one.what == "dead"
    )
    return Ledger(events, dead, world.cloudtasks.pending(), world.cloudtasks.cost)


# What the log of the queue calls what happened, in the words of the others.
_SQS_STATES = {"sent": "CREATED", "received": "ACTIVE", "deleted": "DELIVERED"}


def _of_sqs(world: World) -> Ledger:
    operations = world.sqs.operations()
    events = tuple(
        {"messageId": one.message_id, "state": _SQS_STATES.get(one.what, one.what.upper())}
        for one in operations
    )
    dead = tuple(
        {
            "messageId": one.message_id,
            "maxRetries": one.received - 1,
            "responseStatus": one.status,
        }
        for one in operations
        if one.what == "dead"
    )
    return Ledger(events, dead, world.sqs.pending(), world.sqs.cost)


QUEUES: Mapping[QueueKind, Rules] = {
    "qstash": Rules(
        service="qstash",
        origin=QSTASHES[0],
        address="qstash.url",
        remembers_s=DEDUP_WINDOW_S,
        forgets=f"a deduplication id after {DEDUP_WINDOW_S / 60:g} minutes",
        unauthorized=QUEUE_UNAUTHORIZED,
        over_quota=queue_over_quota,
        ledger=_of_qstash,
    ),
    "cloudtasks": Rules(
        service="cloudtasks",
        origin=CLOUD_TASKS,
        address="cloudtasks.url",
        # Cloud Tasks docs, "Quotas and limits"; the reference says: up to a day.
        remembers_s=3_600.0,
        forgets="the name of a task an hour after it ended, or a day",
        unauthorized=TASKS_UNAUTHORIZED,
        over_quota=lambda reset_unix: tasks_over_quota(),
        ledger=_of_cloud_tasks,
    ),
    "sqs": Rules(
        service="sqs",
        origin=SQS,
        address="sqs.url",
        remembers_s=SQS_DEDUP_WINDOW_S,
        forgets=f"a deduplication id after {SQS_DEDUP_WINDOW_S / 60:g} minutes",
        unauthorized=SQS_UNAUTHORIZED,
        over_quota=lambda reset_unix: SQS_THROTTLED,
        ledger=_of_sqs,
    ),
}

# Every name that a queue has in journals.
SERVICES = frozenset(rules.service for rules in QUEUES.values())


def is_queue(service: object) -> bool:
    """Whether a journal's or a call's service is a queue."""
    return service in SERVICES
