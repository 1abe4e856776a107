"""The bots for Node, plain and in Next.js, and what is to be found in each of their variants."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from harness.certificate import Certificate
from harness.certify import certify
from harness.checks.freeze import freeze_safe
from harness.profile import HostKind, Profile, load_profile
from harness.scenarios.left_behind import LAST, play_left_behind
from harness.stage import staged
from harness.verdict import Verdict
from tests.e2e.support import BOTS

Kind = Literal["node", "next"]

PUBLISH = "POST /v2/publish/"
COMMIT = "POST /v1/projects/demo-thrice/databases/(default)/documents:commit"
WANTED = "this call was still wanted: "
# What is judged of every variant.
CHECKS = ("ten-rapid", "cold-instances", "freeze-safe", "handshake", "queue-refuses")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A value of BUG, the check of CHECKS that has to fail on a kind of host (None for a correct
    one), and those that fail with it as a true consequence. `lost` begins the line that names the
    call which was left behind.
    """

    bug: str
    host: HostKind = "lambda"
    fails: str | None = None
    also: frozenset[str] = frozenset()
    lost: str = ""

    @property
    def title(self) -> str:
        return f"{self.bug or 'correct'}, {self.host}"


# A message whose publish was lost is not answered, or only after another copy of its webhook.
LOSES = frozenset({"ten-rapid", "cold-instances", "queue-refuses"})


def left_behind(bug: str, host: HostKind = "lambda") -> Variant:
    return Variant(bug=bug, host=host, fails="freeze-safe", also=LOSES, lost=PUBLISH)


SHARED = (
    Variant(bug=""),
    Variant(bug="", host="vercel"),
    left_behind("unawaited"),
    left_behind("next-tick"),
    left_behind("set-immediate"),
    left_behind("set-timeout"),
    left_behind("set-immediate", "vercel"),
    Variant(bug="check-then-set", fails="ten-rapid", also=frozenset({"queue-refuses"})),
    Variant(
        bug="in-memory-dedup",
        fails="cold-instances",
        also=frozenset({"ten-rapid", "queue-refuses"}),
    ),
    # The publish is awaited, and what is registered is waited for, where there is something to
    # register with.
    Variant(bug="wait-until", host="vercel"),
    Variant(bug="wait-until", fails="freeze-safe", lost=COMMIT),
)
VARIANTS: dict[Kind, tuple[Variant, ...]] = {
    "node": (
        *SHARED,
        left_behind("unawaited-beside"),
        Variant(bug="wait-until-publish", host="vercel", fails="queue-refuses"),
    ),
    "next": (
        *SHARED,
        Variant(bug="after", host="vercel"),
        Variant(bug="after", fails="freeze-safe", lost=COMMIT),
        Variant(bug="after-publish", host="vercel", fails="queue-refuses"),
    ),
}


def root_of(kind: Kind) -> Path:
    return BOTS / kind


def profile_of(kind: Kind, host: HostKind, *, instances: int | None = None) -> Profile:
    """The profile of a bot, with never more than so many instances if that is given."""
    profile = load_profile(root_of(kind) / "thrice.toml")
    settings = replace(profile.host, kind=host)
    if instances is not None:
        settings = replace(settings, instances=instances, max_instances=instances)
    return replace(profile, host=settings)


def judged(
    kind: Kind,
    host: HostKind,
    *,
    only: Sequence[str] = (),
    seed: int = 1,
    instances: int | None = None,
) -> Certificate:
    """The certificate of a bot, whose BUG is in the environment."""
    profile = profile_of(kind, host, instances=instances)
    return certify(profile, root=root_of(kind), only=only, seed=seed)


def judged_quickly(kind: Kind, host: HostKind) -> Verdict:
    """What freeze-safe finds with one instance and one message at a time."""
    profile = profile_of(kind, host, instances=1)
    with staged(profile, root=root_of(kind), seed=1) as stage:
        return freeze_safe(profile, [play_left_behind(stage, LAST)])


def failed(certificate: Certificate) -> set[str]:
    return {verdict.check for verdict in certificate.verdicts if verdict.failed}


def lost_calls(verdict: Verdict) -> list[str]:
    """The lines of the evidence that name a call which was left behind."""
    return [line for line in verdict.evidence if line.startswith(WANTED)]


def assert_as_expected(variant: Variant, certificate: Certificate) -> None:
    """The check fails that has to, with the lost call named, and no other but as a consequence."""
    found = failed(certificate)
    shown = (variant.title, found, certificate.output)
    if variant.fails is None:
        assert found == set(), shown
        return
    assert variant.fails in found, shown
    assert found <= {variant.fails} | variant.also, shown
    if variant.lost:
        (verdict,) = (one for one in certificate.verdicts if one.check == "freeze-safe")
        assert_lost(verdict, variant.lost)


def assert_lost(verdict: Verdict, call: str) -> None:
    """It failed, and names such a call that was left behind, and of each the user message."""
    assert verdict.failed
    lines = lost_calls(verdict)
    assert any(line.startswith(f"{WANTED}{call}") for line in lines), verdict.evidence
    assert all("from the request for mid m_" in line for line in lines), lines
