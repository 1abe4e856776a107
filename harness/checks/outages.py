"""Services in trouble: the platform is answered all the same, nobody is stormed, and afterwards
everything is made up for, once.
"""

from collections import Counter
from collections.abc import Sequence

from emulator.journal import Entry
from emulator.meta import UserMessage
from emulator.meta.delivery.product import SLOW_ACK_S
from harness.checks.acknowledgement import FROM_PLATFORM, is_late
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
from harness.profile import Expect, Profile
from harness.scenarios.outages import Troubled
from harness.stores import is_store
from harness.verdict import Verdict

# Calls to the service in trouble that one delivery may make: what the queue's SDK does by itself, a
# try and five more (SDK source, `DEFAULT_RETRY`).
MOST_CALLS = 6

FROM_QUEUE = frozenset({"queue"})

# Causes that are shown; the messages of one run mostly share theirs.
MOST_REMARKS = 2

_PEOPLE_SAY = {
    "qstash": "the queue",
    "cloudtasks": "the queue",
    "sqs": "the queue",
    "graph": "the platform",
}


def queue_hangs(profile: Profile, runs: Sequence[Troubled]) -> Verdict:
    """The queue accepts connections and does not answer, whether or not it accepts messages."""
    return _recovers("queue-hangs", profile, runs)


def queue_refuses(profile: Profile, runs: Sequence[Troubled]) -> Verdict:
    """The queue refuses connections."""
    return _recovers("queue-refuses", profile, runs)


def queue_429(profile: Profile, runs: Sequence[Troubled]) -> Verdict:
    """The queue is over its limit."""
    return _recovers("queue-429", profile, runs)


def queue_401(profile: Profile, runs: Sequence[Troubled]) -> Verdict:
    """The queue rejects the token."""
    return _recovers("queue-401", profile, runs)


def store_down(profile: Profile, runs: Sequence[Troubled]) -> Verdict:
    """The dedup store fails, from the moment in which the first reply is sent."""
    return _recovers("store-down", profile, runs)


def store_quota(profile: Profile, runs: Sequence[Troubled]) -> Verdict:
    """The dedup store is over its request limit."""
    return _recovers("store-quota", profile, runs)


def send_fails(profile: Profile, runs: Sequence[Troubled]) -> Verdict:
    """The platform takes no replies, or takes them and does not say so. The Send API knows no
    repetition, so a second reply after a lost answer is a note.
    """
    return _recovers("send-fails", profile, runs)


def _recovers(check: str, profile: Profile, runs: Sequence[Troubled]) -> Verdict:
    return judge_each(check, runs, lambda run: _judge(profile.expect, run))


def _judge(expect: Expect, run: Troubled) -> Judgement:
    seen = _Seen(run)
    count = plural(len(run.messages), "message")
    wanted = expect.publishes * len(run.messages), expect.replies * len(run.messages)
    most = max(seen.calls.values(), default=0)
    result = Judgement(
        passed=True,
        expected=f"{count}, {_counts(*wanted)}; ",
        observed=f"{count}, {_counts(len(seen.published), len(seen.replied))}; ",
    )
    if is_store(run.service):
        _judge_decisions(seen, result)
    _judge_counts(expect, run, seen, result)
    if run.service != "graph":
        result.expected += f"every webhook answered within {SLOW_ACK_S:g} s; "
        result.observed += f"slowest webhook {seen.slowest_s:.3f} s; "
        _judge_answers(seen, result)
    result.expected += f"at most {MOST_CALLS} failed calls to {seen.who} in one delivery"
    result.observed += f"at most {plural(most, 'failed call')} in one delivery"
    _judge_calls(seen, result)
    result.passed = not result.evidence
    return result


class _Seen:
    """The journal of a run as these checks read it."""

    def __init__(self, run: Troubled) -> None:
        record = run.record
        self.who = "the store" if is_store(run.service) else _PEOPLE_SAY[run.service]
        self.by_seq = {entry.seq: entry for entry in record.entries}
        self.published = record.of("publish")
        self.replied = record.of("reply")
        # Calls that met the trouble, however often they were tried at the service.
        self.failed = {entry.cause for entry in record.of("fault")}
        self.calls = Counter(
            self.by_seq[call].cause
            for call in self.failed
            if call in self.by_seq and self.by_seq[call].cause in self.by_seq
        )
        self.responses = {entry.cause: entry for entry in record.of("response")}
        self.webhooks = [
            entry
            for entry in record.of("delivery")
            if entry.detail.get("kind") in FROM_PLATFORM and entry.seq in self.responses
        ]
        self.slowest_s = max(map(self.took_s, self.webhooks), default=0.0)

    def was_taken(self, delivery: int) -> bool:
        """Whether a delivery was acknowledged."""
        response = self.responses.get(delivery)
        status = response.detail.get("status") if response is not None else None
        return isinstance(status, int) and 200 <= status < 300

    def took_s(self, sent: Entry) -> float:
        # To the millisecond: a time limit of just 5 s is none of more.
        return round(self.responses[sent.seq].time - sent.time, 3)

    def handling(self, effect: Entry) -> Entry | None:
        """The delivery in which a publish or a reply was made."""
        call = self.by_seq.get(effect.cause)
        return self.by_seq.get(call.cause) if call is not None else None


def _judge_counts(expect: Expect, run: Troubled, seen: _Seen, result: Judgement) -> None:
    """Nothing lost, nothing doubled; a reply whose answer was withheld excuses another one."""
    roots = [message.root for message in run.messages]
    made = share_out(seen.published, roots, expect.publishes)
    sent = share_out(seen.replied, roots, expect.replies)
    before = len(result.evidence)
    excused: list[str] = []
    remarks: dict[str, None] = {}
    for message in run.messages:
        ours = made[message.root]
        # A bot that promises no replies may send what it likes.
        replies = sent[message.root] if expect.replies else []
        unseen = sum(each.cause in seen.failed for each in replies)
        if len(ours) != expect.publishes:
            result.evidence.append(_times(message, "published", ours))
            result.entries += ours
        right = expect.replies <= len(replies) <= expect.replies + unseen
        # What was never published was of course never answered.
        if not right and (ours or replies or not expect.publishes):
            result.evidence.append(_times(message, "answered", replies))
            result.entries += replies
        elif right and len(replies) > expect.replies:
            excused.append(message.root)
        if len(ours) != expect.publishes or len(replies) < expect.replies:
            result.wrong = (*result.wrong, message.root)
        if len(ours) < expect.publishes or len(replies) < expect.replies:
            kinds = FROM_PLATFORM if len(ours) < expect.publishes else FROM_QUEUE
            remarks.setdefault(_given_up(message, kinds, seen))
        if len(ours) > expect.publishes and not all(each.detail["dedup"] for each in ours):
            remarks.setdefault("a publish that may be repeated needs a deduplication id")
        if len(replies) > expect.replies + unseen:
            remarks.setdefault(_sent_and_failed(replies, seen))
    if len(result.evidence) == before and len(seen.published) > expect.publishes * len(roots):
        result.evidence.append("what was published beyond that was for no user message")
    result.remarks += [line for line in remarks if line][:MOST_REMARKS]
    if excused:
        result.notes.append(
            f"{listed(excused)}: answered again, because the platform took a reply and its answer "
            "got lost; no bot can know, and this one rather answers twice than never"
        )


def _given_up(message: UserMessage, kinds: frozenset[str], seen: _Seen) -> str:
    """A delivery of a lost message that was acknowledged all the same."""
    taken = [
        sent
        for seq, sent in seen.by_seq.items()
        if sent.kind == "delivery"
        and sent.detail.get("kind") in kinds
        and message.root in sent.roots
        and seen.was_taken(seq)
    ]
    if not taken:
        return ""
    sent = min(taken, key=lambda sent: (sent.seq not in seen.calls, sent.seq))
    status = seen.responses[sent.seq].detail["status"]
    if sent.seq in seen.calls:
        return (
            f"{sent.name} was answered {status} although its calls to {seen.who} had failed: "
            "nobody delivers that again"
        )
    return f"{sent.name} was answered {status}, and nothing came of it: nobody delivers that again"


def _sent_and_failed(replies: Sequence[Entry], seen: _Seen) -> str:
    """A delivery that sent a reply and did not say so."""
    handling = seen.handling(replies[0])
    if handling is None or seen.was_taken(handling.seq) or handling.seq not in seen.responses:
        return ""
    status = seen.responses[handling.seq].detail.get("status")
    return (
        f"{handling.name} was answered {status} after its reply had been sent: "
        "answer 200 then, whatever fails afterwards"
    )


def _judge_answers(seen: _Seen, result: Judgement) -> None:
    slow = sorted(
        (sent for sent in seen.webhooks if is_late(seen.responses[sent.seq], seen.took_s(sent))),
        key=lambda sent: (-seen.took_s(sent), sent.seq),
    )
    if slow:
        result.evidence.append(
            f"{plural(len(slow), 'webhook')} answered later than {SLOW_ACK_S:g} s: "
            + listed([f"{sent.name} after {seen.took_s(sent):.3f} s" for sent in slow])
        )
        result.remarks.append(f"give calls to {seen.who} a time limit well below {SLOW_ACK_S:g} s")
        result.entries += slow


def _judge_calls(seen: _Seen, result: Judgement) -> None:
    storms = [seen.by_seq[seq] for seq in sorted(seen.calls) if seen.calls[seq] > MOST_CALLS]
    if storms:
        named = listed([f"{sent.name} {seen.calls[sent.seq]}" for sent in storms])
        result.evidence.append(f"calls to {seen.who} while it was in trouble: {named}")
        result.remarks.append(
            "try once, or a few times with growing pauses: who delivered comes again by itself"
        )
        result.entries += storms


def _judge_decisions(seen: _Seen, result: Judgement) -> None:
    """A publish carries a deduplication id, or the store had answered the delivery before it."""
    answered: dict[int, int] = {}
    for seq, entry in seen.by_seq.items():
        call = seen.by_seq.get(entry.cause)
        if entry.kind != "answer" or call is None or entry.cause in seen.failed:
            continue
        if is_store(call.detail.get("service")):
            answered.setdefault(call.cause, seq)
    undecided = []
    for made in seen.published:
        handling = seen.handling(made)
        if made.detail["dedup"] or handling is None:
            continue
        if answered.get(handling.seq, made.seq) >= made.seq:
            undecided.append(made)
    if undecided:
        result.evidence.append(
            "published without a deduplication id, and without an answer of the store: "
            + listed([moment(made) for made in undecided])
        )
        result.entries += undecided


def _counts(made: int, sent: int) -> str:
    return f"{publishes(made)}, {plural(sent, 'reply', 'replies')}"


def _times(message: UserMessage, done: str, found: Sequence[Entry]) -> str:
    if not found:
        return f"{title(message)} was never {done}"
    return (
        f"{title(message)} was {done} {plural(len(found), 'time')}: "
        f"{listed([moment(entry) for entry in found])}"
    )
