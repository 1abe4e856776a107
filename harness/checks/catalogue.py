"""The checks that exist, in the order in which a certificate prints them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.checks import exactly_once, freeze, handshake, quiet
from harness.checks.observed import Observed
from harness.profile import Profile
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checklist.

    `needs` tells what the profile lacks for it, or None when it can be judged. `scenario` names the
    run it is judged on.
    """

    id: str
    title: str
    scenario: str
    judge: Callable[[Observed], Verdict]
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


def _replies(profile: Profile) -> str | None:
    return (
        None if profile.expect.replies > 0 else "[expect] replies above 0: the bot does not answer"
    )


_CHECKS = (
    Check("ten-rapid", "ten rapid messages, one publish each", "rapid", exactly_once.ten_rapid),
    Check(
        "dedup-records",
        "one dedup record for each message",
        "rapid",
        exactly_once.dedup_records,
        _store,
    ),
    Check("queue-ledger", "the queue's own log agrees", "rapid", exactly_once.queue_ledger, _queue),
    Check("one-reply", "every message answered once", "rapid", exactly_once.one_reply, _replies),
    Check("quiet-day", "nothing happens for a day", "rapid", quiet.quiet_day),
    Check("quiet-week", "the system has gone quiet by itself", "rapid", quiet.quiet_week),
    Check("no-loop", "no chain returns to a route it came from", "rapid", quiet.no_loop),
    Check("freeze-safe", "no work is left behind the response", "rapid", freeze.freeze_safe),
    Check(
        "handshake",
        "the webhook can be subscribed, by the right token only",
        "handshake",
        handshake.handshake,
    ),
)

CATALOGUE: Mapping[str, Check] = {check.id: check for check in _CHECKS}
