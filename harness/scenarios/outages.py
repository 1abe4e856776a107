"""A service that a bot needs is in trouble for two minutes, while users write, and then recovers.

Each of the scenarios is one kind of trouble, each of their runs one way in which it shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulator import World
from emulator.call import Call
from emulator.delivery import Delivery
from emulator.exchange import Reply
from emulator.faults import (
    FailAfter,
    FailBefore,
    Fault,
    FaultPlan,
    Once,
    Onset,
    Outage,
    Withheld,
    writes,
)
from emulator.meta import UserMessage
from emulator.schedule import Fifo
from harness.profile import StoreKind
from harness.queues import QUEUES, Rules
from harness.scenarios.conversation import SETTLE_S
from harness.scenarios.outages_replies import (
    SEND_RATE_LIMITED,
    SEND_TEMPORARY,
)
from harness.scenarios.scenario import MakeSchedule, Record, Scenario, record_of
from harness.stage import Stage
from harness.stores import OVER_QUOTA, UNAVAILABLE

# Seconds of the world's clock. When it recovers, every copy that was not acknowledged is sent again
# within five minutes, and every queue message whose delivery failed, while the queue still knows
# the deduplication ids of before.
START_S = 20.0
LASTS_S = 120.0
# Before it, as it begins (so that a webhook is caught between its calls), in it, and after it.
WRITTEN_S = (0.0, START_S - 0.05, START_S + 40.0, START_S + LASTS_S + 60.0)
# Long enough for a bot that is well to answer one copy of a webhook before the next one comes: what
# races is judged elsewhere.
BETWEEN_COPIES_S = 8.0
COPIES = 3
TEXTS = ("hello", "are you there?", "hello?", "never mind")


ServiceOf = Callable[[Stage], str]


@dataclass(frozen=True, slots=True)
class Troubled:
    """What one run left behind. `service` is the one in trouble, as the journal names it."""

    name: str
    record: Record
    messages: tuple[UserMessage, ...]
    service: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """One way in which trouble shows. `plan` says what befalls which calls in a world, of the
    service that it names; with `waits` the bot gets no answer at all.
    """

    plan: Callable[[World, str], FaultPlan]
    waits: bool = False


def _scenario(
    check: str, title: str, service: str | ServiceOf, troubles: Mapping[str, Trouble]
) -> Scenario:
    """`service` is the one in trouble, or says which that is on a stage."""

    def play(stage: Stage, name: str, schedule: MakeSchedule = Fifo) -> Troubled:
        who = service if isinstance(service, str) else service(stage)
        with stage.world(copies=1, schedule=schedule, placement=_side) as world:
            world.gate.faults = troubles[name].plan(world, who)
            messages = []
            for text, at in zip(TEXTS, WRITTEN_S, strict=True):
                message = world.meta.message(text, sender="ada", at=at)
                for copy in range(1, COPIES):
                    world.meta.repeat(message, at=at + BETWEEN_COPIES_S * copy)
                messages.append(message)
            world.run_until(SETTLE_S)
            return Troubled(name, record_of(world), tuple(messages), who)

    waits = tuple(name for name, trouble in troubles.items() if trouble.waits)
    return Scenario(check, title, tuple(troubles), play, waits=waits, healthy=False)


def _side(delivery: Delivery) -> str:
    """Where a delivery is handled: what memory is good for is judged elsewhere."""
    return "consumer" if delivery.kind == "queue" else "webhook"


def _always(call: Call) -> bool:
    return True


def _is_send(call: Call) -> bool:
    return call.service == "graph" and call.access.verb == "send"


def _outage(
    world: World, service: str, fault: Fault, only: Callable[[Call], bool] = _always
) -> Outage:
    return Outage(world.kernel.clock, service, fault, START_S, START_S + LASTS_S, only)


def _queue(fault: Fault, *, waits: bool = False) -> Trouble:
    return Trouble(lambda world, service: _outage(world, service, fault), waits)


def _store(
    fault: Fault | Mapping[StoreKind, Reply],
    only: Callable[[Call], bool] = _always,
    *,
    waits: bool = False,
) -> Trouble:
    """From the first reply on: what the bot still has to note about it, fails. A reply is the one
    of the store's kind.
    """

    def plan(world: World, service: str) -> FaultPlan:
        met = (
            FailBefore(next(reply for kind, reply in fault.items() if kind == service))
            if isinstance(fault, Mapping)
            else fault
        )
        return Onset(_outage(world, service, met, only), _is_send)

    return Trouble(plan, waits)


def _send(fault: Fault) -> Trouble:
    return Trouble(lambda world, service: _outage(world, service, fault, _is_send))


def _over_quota(world: World, service: str) -> FaultPlan:
    rules = _rules_of(service)
    reply = rules.over_quota(world.kernel.clock.unix + START_S + LASTS_S)
    return _outage(world, service, FailBefore(reply))


def _token_rejected(world: World, service: str) -> FaultPlan:
    return _outage(world, service, FailBefore(_rules_of(service).unauthorized))


def _sent_unseen(world: World, service: str) -> FaultPlan:
    """Once a message: whoever repeats the send then shows the user two replies and no more."""
    return Once(_outage(world, service, Withheld(), _is_send))


def _store_of(stage: Stage) -> str:
    return stage.profile.store.kind if stage.profile.store is not None else "firestore"


def _queue_of(stage: Stage) -> str:
    return QUEUES[stage.profile.queue.kind].service


def _rules_of(service: str) -> Rules:
    return next(rules for rules in QUEUES.values() if rules.service == service)


def _refused(reply: Reply) -> Fault:
    return FailBefore(reply)


QUEUE_HANGS = _scenario(
    "queue-hangs",
    "the queue does not answer for two minutes",
    _queue_of,
    {
        "nothing is accepted": _queue(Withheld(effect=False), waits=True),
        "publishes are accepted": _queue(Withheld(), waits=True),
    },
)
QUEUE_REFUSES = _scenario(
    "queue-refuses",
    "the queue refuses connections for two minutes",
    _queue_of,
    {"refused": _queue(FailBefore())},
)
QUEUE_429 = _scenario(
    "queue-429",
    "the queue is over its limit for two minutes",
    _queue_of,
    {"over its limit": Trouble(_over_quota)},
)
QUEUE_401 = _scenario(
    "queue-401",
    "the queue rejects the token for two minutes",
    _queue_of,
    {"token rejected": Trouble(_token_rejected)},
)
STORE_DOWN = _scenario(
    "store-down",
    "the dedup store is down for two minutes",
    _store_of,
    {
        "unavailable": _store(UNAVAILABLE),
        "writes unanswered": _store(FailAfter(), writes),
        "silent": _store(Withheld(effect=False), waits=True),
    },
)
STORE_QUOTA = _scenario(
    "store-quota",
    "the dedup store is over its limit for two minutes",
    _store_of,
    {"over its limit": _store(OVER_QUOTA)},
)
SEND_FAILS = _scenario(
    "send-fails",
    "the platform takes no replies for two minutes",
    "graph",
    {
        "temporary error": _send(_refused(SEND_TEMPORARY)),
        "rate limit": _send(_refused(SEND_RATE_LIMITED)),
        "accepted, no answer": Trouble(_sent_unseen, waits=True),
    },
)
