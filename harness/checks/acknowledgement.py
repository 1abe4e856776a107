"""Acknowledgement: how soon the platform gets its answer, and whether it is one."""

from collections.abc import Sequence

from emulator.journal import Entry
from emulator.meta.delivery.product import PRODUCTS, SLOW_ACK_S
from harness.checks.observed import Judgement, judge_each, plural
from harness.profile import Profile
from harness.scenarios.scenario import Run
from harness.verdict import Verdict

# Whatever the platform sends; the queue waits far longer.
FROM_PLATFORM = frozenset({"user", "redelivery", "echo"})


def ack_deadline(profile: Profile, runs: Sequence[Run]) -> Verdict:
    """Every webhook is answered within the platform's 5 seconds, so that its limit is never met;
    and where a success other than 200 is none, with 200.

    Times are those of the journal, whichever clock that had.
    """

    def judge(run: Run) -> Judgement:
        answers = {entry.cause: entry for entry in run.record.of("response")}
        webhooks = [
            entry
            for entry in run.record.of("delivery")
            if entry.detail.get("kind") in FROM_PLATFORM and entry.seq in answers
        ]
        took_s = {sent.seq: answers[sent.seq].time - sent.time for sent in webhooks}
        slow = sorted(
            (sent for sent in webhooks if is_late(answers[sent.seq], took_s[sent.seq])),
            key=lambda sent: (-took_s[sent.seq], sent.seq),
        )
        evidence = [
            f"{sent.name} was {_end(answers[sent.seq])} after {took_s[sent.seq]:.3f} s"
            for sent in slow[:3]
        ]
        if slow:
            evidence.append("hand what takes time to the queue, and answer the platform first")
        platform = run.record.platform
        exact = PRODUCTS[platform].acknowledgement == "200"
        odd = [sent for sent in webhooks if exact and _is_other_success(answers[sent.seq])]
        evidence += [
            f"{sent.name} was answered {answers[sent.seq].detail['status']}, which is a failure on "
            f"{platform}: it delivers again, for a week"
            for sent in odd[:3]
        ]
        if odd:
            evidence.append("answer 200, and nothing else")
        return Judgement(
            passed=not slow and not odd,
            expected=f"every webhook answered within {SLOW_ACK_S:g} s"
            + (", with 200" if exact else ""),
            observed=f"{plural(len(webhooks), 'webhook')}, {len(slow)} answered later, "
            + (f"{len(odd)} with a success that is not 200, " if odd else "")
            + f"the slowest after {max(took_s.values(), default=0.0):.3f} s",
            evidence=evidence,
            entries=[*slow, *odd],
        )

    return judge_each("ack-deadline", runs, judge)


def is_late(answer: Entry, took_s: float) -> bool:
    """Whether an answer came after the 5 seconds, or, where the platform waits no longer than that,
    not at all.
    """
    return took_s > SLOW_ACK_S or answer.detail.get("status") == "timeout"


def _is_other_success(answer: Entry) -> bool:
    status = answer.detail.get("status")
    return isinstance(status, int) and 200 < status < 300


def _end(answer: Entry) -> str:
    """The platform waits so long, and no longer."""
    return "given up" if answer.detail.get("status") == "timeout" else "answered"
