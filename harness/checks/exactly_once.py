"""Exactly once: publishes, dedup records, the queue's ledger, and replies of ten rapid messages."""

from collections.abc import Sequence

from harness.checks.observed import (
    Judgement,
    judge_each,
    listed,
    moment,
    plural,
    publishes,
    title,
)
from harness.checks.sharing import share_out
from harness.profile import Profile
from harness.scenarios.rapid import Rapid
from harness.stores import is_store
from harness.verdict import Verdict

# Where a claim in one step is shown.
CLAIM_ONCE = "claim a message in one step, as docs/claim-once.md shows"


def ten_rapid(profile: Profile, runs: Sequence[Rapid]) -> Verdict:
    """Exactly the contracted publishes for each message, each caused by that message."""
    each = profile.expect.publishes

    def judge(run: Rapid) -> Judgement:
        by_root = share_out(run.of("publish"), [message.root for message in run.messages], each)
        total = run.settled.publishes
        wanted = each * len(run.messages)
        wrong = [message for message in run.messages if len(by_root[message.root]) != each]
        evidence = []
        for message in wrong:
            found = by_root[message.root]
            if found:
                times = listed([moment(entry) for entry in found])
                evidence.append(
                    f"{title(message)} was published {plural(len(found), 'time')}: {times}"
                )
            else:
                evidence.append(f"{title(message)} was never published")
        roots = [message.root for message in wrong]
        remarks = [_dedup_remark(run, roots)] if wrong else []
        if any(len(by_root[root]) > each for root in roots):
            remarks.append(f"the way out: {CLAIM_ONCE}")
        return Judgement(
            passed=not wrong and total == wanted,
            expected=f"{plural(len(run.messages), 'message')}, {publishes(wanted)}",
            observed=f"{plural(len(run.messages), 'message')}, {publishes(total)}",
            evidence=evidence,
            entries=[entry for message in wrong for entry in by_root[message.root]],
            remarks=remarks,
            wrong=roots,
        )

    return judge_each("ten-rapid", runs, judge)


def dedup_records(profile: Profile, runs: Sequence[Rapid]) -> Verdict:
    """One new record in the dedup store for each message."""
    assert profile.store is not None
    collection = profile.store.dedup

    def judge(run: Rapid) -> Judgement:
        wanted = len(run.messages)
        evidence = []
        if len(run.records) > wanted:
            evidence.append(f"new in {collection}: {listed(run.records, 12)}")
        elif len(run.records) < wanted:
            evidence.append(
                f"{plural(wanted - len(run.records), 'message')} left no record in {collection}"
            )
        return Judgement(
            passed=len(run.records) == wanted,
            expected=f"{plural(wanted, 'new record')} in {collection}",
            observed=plural(len(run.records), "new record"),
            evidence=evidence,
            wrong=_all(run) if len(run.records) < wanted else (),
        )

    return judge_each("dedup-records", runs, judge)


def queue_ledger(profile: Profile, runs: Sequence[Rapid]) -> Verdict:
    """What the queue's own API says, as a user would read it on the dashboard."""
    each = profile.expect.publishes

    def judge(run: Rapid) -> Judgement:
        wanted = each * len(run.messages)
        created = {str(event["messageId"]) for event in run.events if event["state"] == "CREATED"}
        delivered = {
            str(event["messageId"]) for event in run.events if event["state"] == "DELIVERED"
        }
        evidence = []
        undelivered = sorted(created - delivered)
        if undelivered:
            evidence.append(
                f"created and not delivered: {listed([_short(i) for i in undelivered])}"
            )
        evidence += [
            f"dead: {_short(str(letter['messageId']))} after {letter['maxRetries'] + 1} attempts, "
            f"last status {letter['responseStatus']}"
            for letter in run.dead[:3]
        ]
        if len(created) > wanted:
            evidence.append(f"{plural(len(created) - wanted, 'message')} more than the users wrote")
        return Judgement(
            passed=len(created) == wanted
            and created == delivered
            and not run.dead
            and run.waiting == 0,
            expected=f"{wanted} created, the same {wanted} delivered, 0 waiting, 0 dead",
            observed=f"{len(created)} created, {len(delivered)} delivered, "
            f"{run.waiting} waiting, {len(run.dead)} dead",
            evidence=evidence,
            wrong=_all(run) if len(created) < wanted or undelivered or run.dead else (),
        )

    return judge_each("queue-ledger", runs, judge)


def one_reply(profile: Profile, runs: Sequence[Rapid]) -> Verdict:
    """Every user message answered exactly as often as contracted, to its own writer."""
    each = profile.expect.replies

    def judge(run: Rapid) -> Judgement:
        replies = run.of("reply")
        by_root = share_out(replies, [message.root for message in run.messages], each)
        astray = [entry for entry in replies if not entry.detail.get("right_user", True)]
        wanted = each * len(run.messages)
        evidence = []
        wrong = [message for message in run.messages if len(by_root[message.root]) != each]
        for message in wrong:
            found = by_root[message.root]
            times = ": " + ", ".join(moment(entry) for entry in found[:4]) if found else ""
            evidence.append(f"{title(message)} was answered {plural(len(found), 'time')}{times}")
        evidence += [
            f"a reply went to {entry.detail.get('to')}, who did not write: {moment(entry)}"
            for entry in astray
        ]
        return Judgement(
            passed=not wrong and not astray and len(replies) == wanted,
            expected=f"{plural(wanted, 'reply', 'replies')}, {each} for each message",
            observed=plural(len(replies), "reply", "replies"),
            evidence=evidence,
            entries=[entry for message in wrong for entry in by_root[message.root]],
            wrong=[message.root for message in wrong],
        )

    return judge_each("one-reply", runs, judge)


def _all(run: Rapid) -> list[str]:
    return [message.root for message in run.messages]


def _short(message_id: str) -> str:
    return message_id[:12] + "..."


def _dedup_remark(run: Rapid, roots: Sequence[str]) -> str:
    """What the store saw of the messages that went wrong: the human-readable cause of most
    races.
    """
    calls = [
        entry
        for root in roots
        for entry in run.of("call", root)
        if is_store(entry.detail.get("service")) and ".q" not in entry.name
    ]
    if not calls:
        return "no call to a store was made while these webhooks were handled"
    verbs = [str(entry.detail.get("verb")) for entry in calls]
    counted = ", ".join(f"{verbs.count(verb)} {verb}" for verb in dict.fromkeys(verbs))
    return f"their webhooks made these calls to the store: {counted}"
