"""Handshake: the platform's subscription request with the right and a wrong verify token."""

from collections.abc import Sequence

from harness.profile import Profile
from harness.scenarios.handshake import Handshakes
from harness.verdict import Verdict

EXPECTED = "the challenge echoed for the right token; refused, with no echo, for a wrong one"


def handshake(profile: Profile, runs: Sequence[Handshakes]) -> Verdict:
    """The right token gets its challenge back with 200; a wrong one gets neither."""
    (shakes,) = runs
    evidence = []
    if not shakes.right.verified:
        evidence.append(f"right token: {shakes.right.reason}")
    if shakes.wrong.verified:
        evidence.append(
            "wrong token: the challenge came back with 200, so anybody can subscribe this webhook"
        )
    elif shakes.wrong.echoed:
        evidence.append(
            f"wrong token: answered {shakes.wrong.status}, but with the challenge in the body"
        )
    elif shakes.wrong.status is None or shakes.wrong.status >= 500:
        evidence.append(
            f"wrong token: answered {shakes.wrong.status or 'nothing'}; refuse it with 403"
        )
    return Verdict(
        check="handshake",
        result="failed" if evidence else "passed",
        expected=EXPECTED,
        observed=f"right token: {shakes.right.status}, wrong token: {shakes.wrong.status}",
        evidence=tuple(evidence),
        run=shakes.name,
    )
