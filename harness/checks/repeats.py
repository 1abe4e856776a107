"""Repeats: webhooks and queue messages that come again, at any time and on any instance, change
nothing.
"""

from collections.abc import Callable, Sequence

from emulator.journal import Entry
from emulator.meta import UserMessage
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
from harness.queues import QUEUES
from harness.scenarios.conversation import Conversation
from harness.verdict import Verdict

# What a check has to say of a message that went wrong, given its publishes and its replies.
Remark = Callable[[Conversation, Sequence[Entry], Sequence[Entry]], str]


def late_duplicate(profile: Profile, runs: Sequence[Conversation]) -> Verdict:
    """A webhook that comes again, however late, is neither published nor answered again."""
    return _unchanged("late-duplicate", profile, runs, _window_remark)


def consumer_retry(profile: Profile, runs: Sequence[Conversation]) -> Verdict:
    """A queue message that comes again, or whose first attempt died, is answered once."""
    return _unchanged("consumer-retry", profile, runs, _attempts_remark)


def cold_instances(profile: Profile, runs: Sequence[Conversation]) -> Verdict:
    """It does not matter which instance gets a copy, or whether there is an old one left."""
    return _unchanged("cold-instances", profile, runs, _placement_remark)


def _unchanged(
    check: str, profile: Profile, runs: Sequence[Conversation], remark: Remark
) -> Verdict:
    """As many publishes and replies for each message as if nothing had been repeated."""
    expect = profile.expect

    def judge(run: Conversation) -> Judgement:
        roots = [message.root for message in run.messages]
        made, sent = run.record.of("publish"), run.record.of("reply")
        made_for = share_out(made, roots, expect.publishes)
        sent_for = share_out(sent, roots, expect.replies)
        evidence: list[str] = []
        entries: list[Entry] = []
        remarks: dict[str, None] = {}
        wrong: list[str] = []
        for message in run.messages:
            ours, replies = made_for[message.root], sent_for[message.root]
            found = len(evidence)
            if len(ours) != expect.publishes:
                evidence.append(_times(message, "published", ours))
                entries += ours
            # A bot that promises no replies may send what it likes: no other check counts them.
            if expect.replies and len(replies) != expect.replies:
                evidence.append(_times(message, "answered", replies))
                entries += replies
            if len(evidence) > found:
                wrong.append(message.root)
                remarks[remark(run, ours, replies)] = None
        wanted = expect.publishes * len(roots), expect.replies * len(roots)
        counted = expect.replies == 0 or len(sent) == wanted[1]
        return Judgement(
            passed=not evidence and len(made) == wanted[0] and counted,
            expected=f"{plural(len(roots), 'message')}, {_counts(*wanted)}",
            observed=f"{plural(len(roots), 'message')}, {_counts(len(made), len(sent))}",
            evidence=evidence,
            entries=entries,
            remarks=[line for line in remarks if line][:1],
            wrong=wrong,
        )

    return judge_each(check, runs, judge)


def _counts(made: int, sent: int) -> str:
    return f"{publishes(made)}, {plural(sent, 'reply', 'replies')}"


def _times(message: UserMessage, done: str, found: Sequence[Entry]) -> str:
    if not found:
        return f"{title(message)} was never {done}"
    return (
        f"{title(message)} was {done} {plural(len(found), 'time')}: "
        f"{listed([moment(entry) for entry in found])}"
    )


def _window_remark(run: Conversation, made: Sequence[Entry], sent: Sequence[Entry]) -> str:
    calls = {entry.seq: entry for entry in run.record.of("call")}
    rules = next(
        (
            rules
            for rules in QUEUES.values()
            if made
            and (call := calls.get(made[0].cause)) is not None
            and call.detail.get("service") == rules.service
        ),
        QUEUES["qstash"],
    )
    if len(made) < 2 or made[1].time - made[0].time < rules.remembers_s:
        return ""
    return (
        f"the queue forgets {rules.forgets}; "
        "look for a record of the message in a store before you publish"
    )


def _attempts_remark(run: Conversation, made: Sequence[Entry], sent: Sequence[Entry]) -> str:
    if len(sent) > 1:
        return (
            "the queue delivers at least once: note in a store that a message was answered, "
            "and look there before you send"
        )
    if made and not sent:
        return "an attempt that died must not keep the next one from answering"
    return ""


def _placement_remark(run: Conversation, made: Sequence[Entry], sent: Sequence[Entry]) -> str:
    """Where the calls that led to the publishes, or else to the replies, came from."""
    by_seq = {entry.seq: entry for entry in run.record.entries}
    twice = made if len(made) > 1 else sent
    places = dict.fromkeys(by_seq[e.cause].instance for e in twice if e.cause in by_seq)
    if len(places) < 2:
        return ""
    return f"{twice[0].roots[0]} was handled on {listed(list(places))}, which share no memory"
