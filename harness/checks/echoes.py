"""Echoes: what the platform tells a bot of the bot's own sends, and what else is no message to it,
stays unanswered.
"""

import re
from collections.abc import Mapping, Sequence

from emulator.journal import Entry
from harness.checks.observed import Judgement, judge_each, listed, moment, plural, publishes
from harness.checks.sharing import share_out
from harness.profile import Profile
from harness.scenarios.echoes import Echoes
from harness.verdict import Verdict

# The last link of a webhook's causal name says what it tells of.
_FEEDBACK = re.compile(r"\.([esdo])0\.w\d+'*\d*$")
_NAMES = {
    "e": "an echo",
    "s": "a status of a send",
    "d": "a delivery receipt",
    "o": "a read receipt",
}
_EVENTS: Mapping[str, str] = {
    "reaction": "a reaction",
    "standby": "a stand-by event",
    "unsend": "a message that was taken back",
    "read": "a read receipt",
    "receipt": "a receipt",
    "echo": "an echo of somebody else's send",
    "handover": "a handover",
    "policy": "a policy event",
    "system": "a system message",
    "error": "an error",
}


def echo_safe(profile: Profile, runs: Sequence[Echoes]) -> Verdict:
    """Echoes, receipts, reactions and stand-by events cause neither a publish nor a send, and the
    messages between them are handled as ever.
    """
    expect = profile.expect

    def judge(run: Echoes) -> Judgement:
        origins = _origins(run)
        acts = [entry for entry in run.record.entries if _is_act(entry)]
        wrong = [entry for entry in acts if entry.seq in origins]
        made = [entry for entry in run.record.of("publish") if entry.seq not in origins]
        sent = [entry for entry in run.record.of("reply") if entry.seq not in origins]
        roots = [message.root for message in run.messages]
        evidence = []
        for origin in dict.fromkeys(origins[entry.seq] for entry in wrong):
            of_it = [entry for entry in wrong if origins[entry.seq] == origin]
            shown = listed([f"{_what(entry)} at {moment(entry)}" for entry in of_it], 3)
            evidence.append(f"because of {origin}: {shown}")
        for what, found, each in (
            ("published", made, expect.publishes),
            ("answered", sent, expect.replies),
        ):
            shares = share_out(found, roots, each)
            evidence += [
                f"{root} was {what} {plural(len(shares[root]), 'time')}"
                for root in roots
                if len(shares[root]) != each
            ]
        tried = sum(entry.kind == "call" for entry in wrong)
        return Judgement(
            passed=not evidence,
            expected=f"0 publishes and 0 sends because of other events; "
            f"{plural(len(roots), 'message')}, {publishes(expect.publishes * len(roots))}, "
            f"{plural(expect.replies * len(roots), 'reply', 'replies')}",
            observed=f"{publishes(len(wrong) - tried)} and {plural(tried, 'send')}; "
            f"{plural(len(roots), 'message')}, {publishes(len(made))}, "
            f"{plural(len(sent), 'reply', 'replies')}",
            evidence=evidence,
            entries=wrong,
        )

    return judge_each("echo-safe", runs, judge)


def _is_act(entry: Entry) -> bool:
    """A publish, or the call that sends something: the platform may well refuse it, as it does when
    a bot writes to its own page.
    """
    return entry.kind == "publish" or (entry.kind == "call" and _what(entry) == "send")


def _what(entry: Entry) -> str:
    return "publish" if entry.kind == "publish" else str(entry.detail.get("verb"))


def _origins(run: Echoes) -> Mapping[int, str]:
    """Entry -> what it goes back to, for those that go back to no message."""
    origins: dict[int, str] = {}
    events = {event.root: _EVENTS[event.event] for event in run.events}
    # Causes stand before their effects.
    for entry in run.record.entries:
        origin = origins.get(entry.cause)
        if origin is None and entry.kind == "delivery":
            told = _FEEDBACK.search(entry.name)
            if told is not None:
                origin = _NAMES[told[1]]
            elif entry.roots and set(entry.roots) <= events.keys():
                origin = events[entry.roots[0]]
        if origin is not None:
            origins[entry.seq] = origin
    return origins
