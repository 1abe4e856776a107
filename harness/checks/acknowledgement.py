"""Acknowledgement: how soon the platform gets its answer."""

from collections.abc import Sequence

from emulator.journal import Entry
from emulator.meta.delivery import SLOW_ACK_S
from harness.checks.observed import Judgement, judge_each, plural
from harness.profile import Profile
from harness.scenarios.scenario import Run
from harness.verdict import Verdict

# Whatever the platform sends; the queue waits far longer.
FROM_PLATFORM = frozenset({"user", "redelivery", "echo"})


def ack_deadline(profile: Profile, runs: Sequence[Run]) -> Verdict:
    """Every webhook is answered within the platform's 5 seconds, so that its 20 are never met.

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
            (sent for sent in webhooks if took_s[sent.seq] > SLOW_ACK_S),
            key=lambda sent: (-took_s[sent.seq], sent.seq),
        )
        evidence = [
            f"{sent.name} was {_end(answers[sent.seq])} after {took_s[sent.seq]:.3f} s"
            for sent in slow[:3]
        ]
        if slow:
            evidence.append("hand what takes time to the queue, and answer the platform first")
        return Judgement(
            passed=not slow,
            expected=f"every webhook answered within {SLOW_ACK_S:g} s",
            observed=f"{plural(len(webhooks), 'webhook')}, {len(slow)} answered later, "
            f"the slowest after {max(took_s.values(), default=0.0):.3f} s",
            evidence=evidence,
            entries=slow,
        )

    return judge_each("ack-deadline", runs, judge)


def _end(answer: Entry) -> str:
    """The platform waits 20 seconds and no longer."""
    return "given up" if answer.detail.get("status") == "timeout" else "answered"
