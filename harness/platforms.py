"""The platforms that a bot can be on, by the names that profiles, options and reports use."""

from collections.abc import Collection, Iterable
from typing import Literal, get_args

PlatformName = Literal["messenger", "instagram", "whatsapp"]

# In the order in which they are judged.
PLATFORMS: tuple[PlatformName, ...] = get_args(PlatformName)
# What a profile is about that names none.
USUAL: tuple[PlatformName, ...] = ("messenger",)


def in_order(platforms: Collection[str]) -> tuple[PlatformName, ...]:
    """These platforms, each once, in the order of all."""
    return tuple(platform for platform in PLATFORMS if platform in platforms)


def listed(platforms: Iterable[str]) -> str:
    """For people: `messenger, instagram and whatsapp`."""
    *others, last = platforms
    return f"{', '.join(others)} and {last}" if others else last
