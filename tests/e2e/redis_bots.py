"""The bot in plain Node, with its records in a Redis store."""

from dataclasses import replace
from typing import Literal

from harness.certificate import Certificate
from harness.certify import certify
from harness.explore.budget import BUDGETS
from harness.profile import RedisServerKind, load_profile
from tests.e2e.support import BOTS, few

ROOT = BOTS / "node"
Kind = Literal["upstash", "redis"]
KINDS: tuple[Kind, ...] = ("upstash", "redis")


def judged(
    kind: Kind, *only: str, instances: int | None = 3, server: RedisServerKind = "built-in"
) -> Certificate:
    """The certificate of the bot, whose BUG is in the environment."""
    profile = load_profile(ROOT / f"{kind}.toml")
    assert profile.store is not None
    profile = replace(profile, store=replace(profile.store, server=server))
    if instances is not None:
        profile = few(profile, instances)
    return certify(profile, root=ROOT, only=only, budget=BUDGETS["standard"])
