"""Limits: replies to one user in a minute, and publishes for all users in an hour. Nobody who
exceeds them is forgotten.
"""

from collections.abc import Sequence

from emulator.journal import Entry
from emulator.meta import UserMessage
from harness.checks.observed import Judgement, judge_each, listed, plural, publishes, title
from harness.checks.sharing import share_out
from harness.profile import Profile, RateLimits
from harness.scenarios.conversation import Conversation
from harness.scenarios.limits import HOUR_S, MINUTE_S, Overrun
from harness.verdict import Verdict

SHOWN_FIRST = 2


def rate_limit(profile: Profile, runs: Sequence[Conversation]) -> Verdict:
    """One user never gets more replies in 60 seconds than promised; what is beyond is delayed, or
    the user is told.
    """
    expect, limits = profile.expect, profile.limits
    most = limits.messages_per_user_minute
    assert most is not None

    def judge(run: Conversation) -> Judgement:
        roots = [message.root for message in run.messages]
        sent = run.record.of("reply")
        notices = [entry for entry in sent if _is_notice(entry, limits)]
        answers = [entry for entry in sent if not _is_notice(entry, limits)]
        answered = share_out(answers, roots, expect.replies)
        told = share_out(notices, roots, 1)
        made = share_out(run.record.of("publish"), roots, expect.publishes)
        crowded = most_within(answers, MINUTE_S)
        evidence: list[str] = []
        entries: list[Entry] = []
        if len(crowded) > most:
            evidence.append(f"{len(crowded)} replies {_between(crowded)}")
            entries += crowded
        if limits.excess == "notice" and len(most_within(notices, MINUTE_S)) > 1:
            evidence.append(f"the user was told twice {_between(most_within(notices, MINUTE_S))}")
            entries += notices
        wrong = []
        for message in run.messages:
            ours, refused = answered[message.root], told[message.root]
            if limits.excess == "notice":
                refused = [one for one in notices if abs(one.time - message.at) <= MINUTE_S]
            if len(ours) == expect.replies:
                if refused and limits.excess == "drop-with-reply":
                    wrong.append(f"{title(message)} was answered and refused")
            elif ours or not refused:
                wrong.append(f"{title(message)} {_fate(ours, limits)}")
            elif len(refused) > 1 and limits.excess == "drop-with-reply":
                wrong.append(f"{title(message)} was refused {plural(len(refused), 'time')}")
        repeated = [root for root in roots if len(made[root]) > expect.publishes]
        evidence += _first(wrong)
        evidence += _first(
            [f"{root} was published {plural(len(made[root]), 'time')}" for root in repeated]
        )
        entries += [entry for root in repeated for entry in made[root]]
        beyond = {
            "delay": "the rest later",
            "notice": "the user told of the rest",
            "drop-with-reply": "each of the rest refused with a reply",
        }[limits.excess]
        extra = "" if limits.excess == "delay" else f", {plural(len(notices), 'notice')}"
        return Judgement(
            passed=not evidence,
            expected=f"{plural(len(roots), 'message')}, at most "
            f"{plural(most, 'reply', 'replies')} in any 60 s, {beyond}",
            observed=f"{plural(len(roots), 'message')}, {publishes(sum(map(len, made.values())))}, "
            f"{plural(len(answers), 'reply', 'replies')}, at most {len(crowded)} in 60 s{extra}",
            evidence=evidence,
            entries=entries,
        )

    return judge_each("rate-limit", runs, judge)


def breaker(profile: Profile, runs: Sequence[Overrun]) -> Verdict:
    """The queue never accepts more than promised in an hour, and all who wrote meanwhile, and
    after, get their answer.
    """
    limits, each = profile.limits, profile.expect.replies
    most, recovery_s = limits.publishes_per_hour, limits.breaker_recovery_s
    assert most is not None
    assert recovery_s is not None

    def judge(run: Overrun) -> Judgement:
        made, sent = run.record.of("publish"), run.record.of("reply")
        crowded = most_within(made, HOUR_S)
        evidence: list[str] = []
        entries: list[Entry] = []
        if len(crowded) > most:
            evidence.append(f"{publishes(len(crowded))} {_between(crowded)}")
            entries += crowded
        # What was held is answered by whatever let go of it, whoever wrote then.
        answered: dict[str, list[Entry]] = {message.psid: [] for message in run.messages}
        for entry in sent:
            answered.setdefault(str(entry.detail.get("to")), []).append(entry)
        waiting = 0
        for when, group in (
            ("before the limit was reached", run.early),
            ("beyond the limit", run.late),
            (f"{recovery_s:g} s later", run.new),
        ):
            lost = [one for one in group if not answered[one.psid]]
            late = [
                one
                for one in group
                if answered[one.psid] and answered[one.psid][-1].time > run.deadline
            ]
            doubled = [one for one in group if len(answered[one.psid]) > each]
            short = [one for one in group if 0 < len(answered[one.psid]) < each]
            waiting += len(lost) + len(late)
            for what, which in (
                ("never answered", lost),
                (f"answered after t={run.deadline:.0f} only", late),
                ("answered too often", doubled),
                ("answered too seldom", short),
            ):
                if which:
                    evidence.append(
                        f"{len(which)} of the {len(group)} messages written {when} "
                        f"(t={group[0].at:.0f} to {group[-1].at:.0f}) were {what}: {_roots(which)}"
                    )
                    entries += [entry for one in which for entry in answered[one.psid]]
        evidence += [
            f"the platform disabled the webhook at t={entry.time:.0f}"
            for entry in run.record.of("finding")
            if entry.name == "webhook-disabled"
        ][:1]
        return Judgement(
            passed=not evidence,
            expected=f"{plural(len(run.messages), 'message')}, at most {publishes(most)} in any "
            "hour, all answered",
            observed=f"{plural(len(run.messages), 'message')}, at most "
            f"{publishes(len(crowded))} in an hour, {waiting} not answered in time",
            evidence=evidence,
            entries=entries,
        )

    return judge_each("breaker", runs, judge)


def most_within(entries: Sequence[Entry], window_s: float) -> list[Entry]:
    """The most of these, oldest first, that lie in one window; its end does not belong to it."""
    ordered = sorted(entries, key=lambda entry: entry.time)
    best, first = (0, 0), 0
    for last, entry in enumerate(ordered, start=1):
        while entry.time - ordered[first].time >= window_s:
            first += 1
        best = max(best, (first, last), key=lambda window: window[1] - window[0])
    return ordered[slice(*best)]


def _is_notice(entry: Entry, limits: RateLimits) -> bool:
    return limits.excess != "delay" and limits.notice in str(entry.detail.get("text"))


def _between(entries: Sequence[Entry]) -> str:
    return f"between t={entries[0].time:.3f} and t={entries[-1].time:.3f}"


def _fate(answers: Sequence[Entry], limits: RateLimits) -> str:
    if answers:
        return f"was answered {plural(len(answers), 'time')}"
    return "was never answered" + ("" if limits.excess == "delay" else ", and nobody was told")


def _first(lines: Sequence[str]) -> list[str]:
    """Some of the lines, and of how many more the like is true."""
    rest = len(lines) - SHOWN_FIRST
    return [*lines[:SHOWN_FIRST], *([f"and so with {rest} more"] if rest > 0 else [])]


def _roots(messages: Sequence[UserMessage]) -> str:
    return listed([message.root for message in messages], 3)
