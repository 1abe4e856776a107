"""The checks that exist, in the order in which a certificate prints them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.checks import (
    acknowledgement,
    echoes,
    exactly_once,
    freeze,
    handshake,
    hostile,
    quiet,
    repeats,
    signatures,
)
from harness.profile import Profile
from harness.scenarios.cold_instances import COLD_INSTANCES
from harness.scenarios.echoes import ECHOES
from harness.scenarios.handshake import HANDSHAKE
from harness.scenarios.hostile import HOSTILE
from harness.scenarios.late_duplicates import LATE_DUPLICATES
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
    it is judged on.
    """

    id: str
    title: str
    scenario: Scenario
    judge: Callable[[Profile, Sequence[Any]], Verdict]
    needs: Callable[[Profile], str | None] = lambda profile: None


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


def _replies(profile: Profile) -> str | None:
    return (
        None if profile.expect.replies > 0 else "[expect] replies above 0: the bot does not answer"
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
    Check("no-loop", "no chain returns to a route it came from", RAPID, quiet.no_loop),
    Check("echo-safe", "what is no message stays unanswered", ECHOES, echoes.echo_safe),
    Check(
        "late-duplicate",
        "a webhook that comes again up to an hour later changes nothing",
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
    Check(
        "cold-instances",
        "no memory is trusted from one request to the next",
        COLD_INSTANCES,
        repeats.cold_instances,
    ),
    Check("freeze-safe", "no work is left behind the response", RAPID, freeze.freeze_safe),
    Check(
        "ack-deadline",
        "the platform gets its answer in time",
        RAPID,
        acknowledgement.ack_deadline,
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
        lambda profile: _consumer(profile) or _queue(profile),
    ),
    Check(
        "hostile-input",
        "no body breaks the bot or makes it act",
        HOSTILE,
        hostile.hostile_input,
    ),
)

CATALOGUE: Mapping[str, Check] = {check.id: check for check in _CHECKS}
