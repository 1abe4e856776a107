"""What a test says of its world and its bot: the options of the marker `thrice`, checked, and the
profile.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, get_args

from emulator.meta.delivery.courier import Spacing
from harness.errors import ProfileError, UsageError
from harness.explore.budget import BudgetName
from harness.platforms import PLATFORMS, PlatformName, in_order
from harness.profile import HostKind, Profile, load_profile
from harness.profile_file import FILE, SHARED_FILE, find_profile
from harness.profile_keys import HOSTS, nearest

# What each option accepts, for messages.
OPTIONS: Mapping[str, str] = {
    "app": 'a string, for example app="mybot.main:app"',
    "profile": 'the path of a file, for example profile="thrice.toml"',
    "host": " or ".join(f'"{kind}"' for kind in HOSTS),
    "platform": " or ".join(f'"{name}"' for name in PLATFORMS),
    "copies": "a whole number from 1 on",
    "spacing": '"at-once", "staggered" or "shuffled"',
    "seed": "a whole number",
    "budget": '"quick", "standard" or "deep"',
    "allow_findings": "True or False",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One test's bot, how its world is made, and whether that may have findings.

    `platform` is that of the world; `wanted` those that a certificate is asked for, all when empty.
    `altered` tells that the marker changed what the profile's file says, beside the app.
    """

    profile: Profile
    root: Path
    seed: int = 1
    copies: int = 3
    spacing: Spacing = "at-once"
    budget: BudgetName = "standard"
    allow_findings: bool = False
    altered: bool = False
    platform: PlatformName = "messenger"
    wanted: tuple[PlatformName, ...] = ()

    @property
    def title(self) -> str:
        """All that it takes to repeat the test's run."""
        on = "" if self.platform == "messenger" else f" on {self.platform}"
        return (
            f"{self.profile.bot.name}{on}, seed {self.seed}, host {self.profile.host.title}, "
            f"{self.copies} copies {self.spacing}"
        )


def read_plan(markers: Iterable[Mapping[str, Any]], root: Path) -> Plan:
    """The plan of a test with these markers, the closest first; it goes before the others.

    Files are looked for below `root`. Raises UsageError for options that make no sense, and
    ProfileError for a profile that makes none.
    """
    options: dict[str, Any] = {}
    for marker in markers:
        options = {**marker, **options}
    for name, value in options.items():
        _check(name, value)
    path, app, kind = (options.pop(name, None) for name in ("profile", "app", "host"))
    wanted: tuple[PlatformName, ...] = in_order([options.pop("platform", "")])
    if app is None and path is None and find_profile(None, root) is None:
        raise ProfileError(
            f"no bot to run: there is no {FILE} and no [tool.thrice] in {SHARED_FILE} in {root}\n"
            '  for example: @pytest.mark.thrice(app="mybot.main:app")'
        )
    try:
        profile = load_profile(
            None if path is None else Path(path), app=app, start=root, platforms=wanted
        )
    except ProfileError as error:
        raise ProfileError(
            str(error)
            .replace("--app: ", "marker thrice, app: ")
            .replace("--app mybot.main:app", 'app="mybot.main:app"')
            .replace("which --platform does", "which the marker thrice does")
        ) from error
    altered = kind is not None and kind != profile.host.kind
    if altered:
        profile = replace(profile, host=replace(profile.host, kind=cast(HostKind, kind)))
    platform = (wanted or profile.bot.platforms)[0]
    return Plan(
        profile=profile, root=root, altered=altered, platform=platform, wanted=wanted, **options
    )


def _check(name: str, value: object) -> None:
    if name not in OPTIONS:
        near = nearest(name, OPTIONS)
        hint = f", did you mean {near}?" if near else ""
        raise UsageError(
            f"the marker thrice has no option {name}{hint}\n  it has: {', '.join(OPTIONS)}"
        )
    if not _fits(name, value):
        raise UsageError(f"marker thrice, {name}: has to be {OPTIONS[name]}, not {value!r}")


def _fits(name: str, value: Any) -> bool:
    match name:
        case "app":
            return isinstance(value, str)
        case "profile":
            return isinstance(value, str | Path)
        case "host":
            return value in get_args(HostKind)
        case "platform":
            return value in PLATFORMS
        case "budget":
            return value in get_args(BudgetName)
        case "spacing":
            return value in get_args(Spacing)
        case "allow_findings":
            return isinstance(value, bool)
        case _:
            return type(value) is int and (name != "copies" or value >= 1)
