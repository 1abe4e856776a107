"""Runs to judge limits and budgets by, written by hand."""

from emulator.journal import Entry, EntryKind
from emulator.meta import UserMessage
from harness.profile import Bot, Budget, Profile, RateLimits

LIMITS = RateLimits(messages_per_user_minute=2, publishes_per_hour=3, breaker_recovery_s=600.0)
PROFILE = Profile(
    bot=Bot(app="bot:app"), limits=LIMITS, plan=Budget(messages_per_month=300, qstash="free")
)


def entry(
    seq: int,
    kind: EntryKind,
    at: float,
    *roots: str,
    to: str = "ada",
    text: str = "",
    generation: int = 1,
) -> Entry:
    detail = {"to": to, "text": text, "kind": "queue"}
    return Entry(seq, at, kind, f"{roots[0]}.w0", -1, roots, generation, "i0", detail)


def written(*times: float, each_by_another: bool = False) -> tuple[UserMessage, ...]:
    return tuple(
        UserMessage(
            f"u{n}", f"mid-{n}-long", "ada", f"p{n}" if each_by_another else "ada", "hi", at
        )
        for n, at in enumerate(times)
    )
