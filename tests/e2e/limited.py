"""The bot in plain Node that keeps, or breaks, promises counted on its clock; judged live."""

from collections.abc import Collection, Mapping
from pathlib import Path

from harness.certify import judge, observe, select
from harness.live import started
from harness.profile import Bot, Host, Profile, RateLimits
from harness.verdict import Verdict
from tests.e2e.support import BOTS, PROFILE


def profile_of(command: str, *, an_hour: int = 60, **env: str) -> Profile:
    """A bot with two limits, on few instances."""
    return Profile(
        bot=Bot(
            command=command,
            env={**PROFILE.bot.env, "PUBLISHES_PER_HOUR": str(an_hour), **env},
        ),
        host=Host(instances=1, max_instances=4),
        limits=RateLimits(
            messages_per_user_minute=10, publishes_per_hour=an_hour, breaker_recovery_s=600.0
        ),
    )


def judged(
    folder: Path, *, only: Collection[str], bugs: str = "", an_hour: int = 60
) -> Mapping[str, Verdict]:
    """The verdicts on the bot in plain Node, by check."""
    profile = profile_of(f"node {BOTS / 'limited.mjs'}", an_hour=an_hour, BUGS=bugs)
    checks = select(only)
    with started(profile, root=folder, seed=1) as stage:
        return {verdict.check: verdict for verdict in judge(observe(stage, checks), checks)}
