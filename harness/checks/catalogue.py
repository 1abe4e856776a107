"""The checks that exist, in the order in which a certificate prints them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.checks import (
    acknowledgement,
    budget,
    echoes,
    exactly_once,
    freeze,
    growth,
    handshake,
    hostile,
    limits,
    outages,
    quiet,
    races,
    repeats,
    signatures,
)
from harness.profile import Profile
from harness.scenarios.cold_instances import COLD_INSTANCES
from harness.scenarios.echoes import ECHOES
from harness.scenarios.handshake import HANDSHAKE
from harness.scenarios.hostile import HOSTILE
from harness.scenarios.late_duplicates import LATE_DUPLICATES
from harness.scenarios.left_behind import LEFT_BEHIND
from harness.scenarios.limits import FLOOD, LEAST_ROOM, OVERRUN, flood_size, overrun_size
from harness.scenarios.orders import INSTANCE_KILLED, ONE_FAULT, THREE_COPIES, TWO_COPIES
from harness.scenarios.outages import (
    QUEUE_401,
    QUEUE_429,
    QUEUE_HANGS,
    QUEUE_REFUSES,
    SEND_FAILS,
    STORE_DOWN,
    STORE_QUOTA,
)
from harness.scenarios.overlapping import OVERLAPPING
from harness.scenarios.queue_repeats import QUEUE_REPEATS
from harness.scenarios.queue_signature import QUEUE_SIGNATURE
from harness.scenarios.rapid import RAPID
from harness.scenarios.scenario import Scenario
from harness.scenarios.webhook_signature import WEBHOOK_SIGNATURE
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checklist.

    `needs` tells what the profile lacks for it, or None when it can be judged. `scenario` is what
    it is judged on. `live` tells what it needs that a live bot has not; None is nothing. With
    `clock`, a live bot whose clock follows the world's has it. What is judged `once` is about
    something that does not depend on the platform, so for a bot on several it is not repeated.
    """

    id: str
    title: str
    scenario: Scenario
    judge: Callable[[Profile, Sequence[Any]], Verdict]
    needs: Callable[[Profile], str | None] = lambda profile: None
    live: str | None = None
    clock: bool = False
    once: bool = False

    def lacks(self, profile: Profile, driver: str, clock_follows: bool) -> str | None:
        """What is missing to judge a bot that `driver` runs, and whose clock follows the world's or
        does not; None when nothing is.
        """
        judged = driver == "simulated" or (self.clock and clock_follows)
        return self.needs(profile) or (None if judged else self.live)


# A live bot would wait for as long as its time limits are, once for each delivery.
_NO_WAITING = "a simulated run: a live bot waits on its own clock for answers that never come"


def _store(profile: Profile) -> str | None:
    return (
        None
        if profile.store is not None
        else "[store] in the profile: where the bot keeps its dedup records"
    )


def _queue(profile: Profile) -> str | None:
    return (
        None
        if profile.expect.publishes > 0
        else "[expect] publishes above 0: the bot uses no queue"
    )


def _consumer(profile: Profile) -> str | None:
    return (
        None
        if profile.bot.consumer is not None
        else "[bot] consumer in the profile: where the queue delivers"
    )


def _signed(profile: Profile) -> str | None:
    return (
        None
        if profile.queue.kind != "sqs"
        else "a queue that signs its deliveries: an event of SQS carries no signature, and whoever "
        "may invoke the function is believed"
    )


def _replies(profile: Profile) -> str | None:
    return (
        None if profile.expect.replies > 0 else "[expect] replies above 0: the bot does not answer"
    )


def _rate_limit(profile: Profile) -> str | None:
    limits = profile.limits
    most, hour = limits.messages_per_user_minute, limits.publishes_per_hour
    if most is None:
        return "[limits] messages_per_user_minute in the profile: what one user may cost"
    if flood_size(most) > MOST_MESSAGES:
        return (
            f"[limits] messages_per_user_minute that {MOST_MESSAGES:,} messages exceed: thrice "
            "writes no more"
        )
    # A breaker may well open before its limit, and what it holds comes at once later.
    room = 2 * flood_size(most) * profile.expect.publishes
    if hour is not None and hour < room:
        return (
            f"[limits] publishes_per_hour of at least {room:,}: below that the breaker may open "
            "while one user writes"
        )
    return _replies(profile)


def _breaker(profile: Profile) -> str | None:
    most = profile.limits.publishes_per_hour
    if most is None or profile.limits.breaker_recovery_s is None:
        return (
            "[limits] publishes_per_hour and breaker_recovery_s in the profile: where the bot's "
            "breaker opens"
        )
    lacking = _queue(profile) or _replies(profile)
    if lacking is not None:
        return lacking
    if most // profile.expect.publishes < LEAST_ROOM:
        least = LEAST_ROOM * profile.expect.publishes
        return f"[limits] publishes_per_hour of at least {least}: fewer leave no room to recover"
    if overrun_size(most, profile.expect.publishes) > MOST_MESSAGES:
        return (
            f"[limits] publishes_per_hour that {MOST_MESSAGES:,} messages exceed: thrice writes no "
            "more"
        )
    return None


def _plan(profile: Profile) -> str | None:
    if profile.plan is None:
        return "[plan] in the profile: what pays for the queue, and for how many messages"
    return _queue(profile)


# Messages that one run writes to reach a limit; each costs about 10 ms.
MOST_MESSAGES = 1_000
_BOT_CLOCK = (
    "a simulated run, or a bot whose clock follows the world's, by which the limit is counted: "
    'that of a command in Node does, of another one with [bot] clock = "libfaketime"'
)

_CHECKS = (
    Check("ten-rapid", "ten rapid messages, one publish each", RAPID, exactly_once.ten_rapid),
    Check(
        "dedup-records",
        "one dedup record for each message",
        RAPID,
        exactly_once.dedup_records,
        _store,
    ),
    Check("queue-ledger", "the queue's own log agrees", RAPID, exactly_once.queue_ledger, _queue),
    Check("one-reply", "every message answered once", RAPID, exactly_once.one_reply, _replies),
    Check("quiet-day", "nothing happens for a day", RAPID, quiet.quiet_day),
    Check("quiet-week", "the system has gone quiet by itself", RAPID, quiet.quiet_week),
    Check(
        "no-growth",
        "more messages at once cause no more publishes each",
        OVERLAPPING,
        growth.no_growth,
    ),
    Check("no-loop", "no chain returns to a route it came from", RAPID, quiet.no_loop),
    Check("echo-safe", "what is no message stays unanswered", ECHOES, echoes.echo_safe),
    Check(
        "late-duplicate",
        "a webhook that comes again changes nothing, however late",
        LATE_DUPLICATES,
        repeats.late_duplicate,
    ),
    Check(
        "consumer-retry",
        "a queue message that comes again is answered once",
        QUEUE_REPEATS,
        repeats.consumer_retry,
        lambda profile: _queue(profile) or _replies(profile),
    ),
    Check("race-k2", "no order of two copies breaks the contract", TWO_COPIES, races.race_k2),
    Check("race-k3", "no order of three copies breaks it", THREE_COPIES, races.race_k3),
    Check("fault-1", "any call may fail once", ONE_FAULT, races.fault_1),
    Check(
        "cold-instances",
        "no memory is trusted from one request to the next",
        COLD_INSTANCES,
        repeats.cold_instances,
    ),
    Check(
        "freeze-safe",
        "no work is left behind the response",
        LEFT_BEHIND,
        freeze.freeze_safe,
    ),
    Check(
        "instance-killed",
        "the instance may die at any call",
        INSTANCE_KILLED,
        races.instance_killed,
    ),
    Check(
        "ack-deadline",
        "the platform gets its answer in time",
        RAPID,
        acknowledgement.ack_deadline,
    ),
    Check(
        "queue-hangs",
        "a queue that does not answer loses and doubles nothing",
        QUEUE_HANGS,
        outages.queue_hangs,
        _queue,
        live=_NO_WAITING,
    ),
    Check(
        "queue-refuses",
        "a queue that can not be reached loses and doubles nothing",
        QUEUE_REFUSES,
        outages.queue_refuses,
        _queue,
    ),
    Check(
        "queue-429",
        "a queue over its limit is not stormed, and loses nothing",
        QUEUE_429,
        outages.queue_429,
        _queue,
    ),
    Check(
        "queue-401",
        "a rejected token loses and doubles nothing",
        QUEUE_401,
        outages.queue_401,
        _queue,
    ),
    Check(
        "store-down",
        "without its store the bot publishes nothing undecided, and loses nothing",
        STORE_DOWN,
        outages.store_down,
        _store,
    ),
    Check(
        "store-quota",
        "the same when the store is over its limit",
        STORE_QUOTA,
        outages.store_quota,
        _store,
    ),
    Check(
        "send-fails",
        "a reply that fails is sent later, once if that can be known",
        SEND_FAILS,
        outages.send_fails,
        _replies,
    ),
    Check(
        "handshake",
        "the webhook can be subscribed, by the right token only",
        HANDSHAKE,
        handshake.handshake,
    ),
    Check(
        "webhook-signature",
        "only what the platform signed is believed",
        WEBHOOK_SIGNATURE,
        signatures.webhook_signature,
    ),
    Check(
        "queue-signature",
        "only what the queue signed is believed",
        QUEUE_SIGNATURE,
        signatures.queue_signature,
        lambda profile: _consumer(profile) or _queue(profile) or _signed(profile),
        once=True,
    ),
    Check(
        "hostile-input",
        "no body breaks the bot or makes it act",
        HOSTILE,
        hostile.hostile_input,
    ),
    Check(
        "rate-limit",
        "one user gets no more replies a minute than promised, and none is forgotten",
        FLOOD,
        limits.rate_limit,
        _rate_limit,
        live=_BOT_CLOCK,
        clock=True,
    ),
    Check(
        "breaker",
        "no hour costs more than promised, and nobody waits for ever",
        OVERRUN,
        limits.breaker,
        _breaker,
        live=_BOT_CLOCK,
        clock=True,
    ),
    Check(
        "plan-budget",
        "a month of messages fits the plan of the queue",
        RAPID,
        budget.plan_budget,
        _plan,
        once=True,
    ),
)

CATALOGUE: Mapping[str, Check] = {check.id: check for check in _CHECKS}
