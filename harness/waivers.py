"""Waivers: failures that the owner of a bot accepts until a day, from [waive] of a profile.

A waiver never hides a failure: it is printed with its reason and its last day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from harness.profile_file import WAIVE, ProfileFile
from harness.profile_keys import Key, Wrong, nearest, platforms, quoted, type_name

# What became of a waiver: it covers a failure; it would, but its last day is over; its check
# passed; its check was not judged.
WaiverState = Literal["applies", "expired", "unused", "not judged"]

_EXAMPLE = '"{check}" = {{ reason = "echoes are not subscribed", until = 2027-01-31 }}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """The failure of `check` is accepted up to and including the day `until`, on these platforms;
    on all when none is named.
    """

    check: str
    reason: str
    until: date
    platforms: tuple[str, ...] = ()

    def concerns(self, check: str, platform: str) -> bool:
        """Whether it is about the verdict of this check on this platform; that of a check which is
        judged once for all has the name of none.
        """
        return check == self.check and (
            not self.platforms or not platform or platform in self.platforms
        )

    def covers(self, today: date | None) -> bool:
        """Whether it counts on this day; without a day none does."""
        return today is not None and today <= self.until


def _reason(value: object) -> str:
    if not isinstance(value, str):
        raise Wrong(f"has to be a string, not {type_name(value)}")
    if not value.strip():
        raise Wrong("is empty; say why the failure is acceptable")
    return " ".join(value.split())


def _day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        what = "a date with a time" if isinstance(value, datetime) else type_name(value)
        raise Wrong(f"has to be a date without quotes, not {what}")
    return value


_KEYS: Mapping[str, Key] = {
    "reason": Key(_reason, 'reason = "echoes are not subscribed"'),
    "until": Key(_day, "until = 2027-01-31"),
    "platforms": Key(platforms, 'platforms = ["whatsapp"]'),
}
_OPTIONAL = frozenset({"platforms"})


def read_waivers(file: ProfileFile) -> tuple[Waiver, ...]:
    """The checked [waive] table of a profile, in its order.

    Raises ProfileError, which names the check, the key and a line that is right.
    """
    table = file.tables.get(WAIVE, {})
    name = file.name_of(WAIVE)
    if not isinstance(table, dict):
        raise file.error_at(name, f"has to be a table, not {type_name(table)}", name)
    if not table:
        return ()
    # The catalogue knows profiles, and is needed for no profile without waivers.
    from harness.checks import CATALOGUE

    return tuple(_waiver(file, check, entry, CATALOGUE) for check, entry in table.items())


def _waiver(file: ProfileFile, check: str, entry: object, known: Mapping[str, object]) -> Waiver:
    label = f"{file.name_of(WAIVE)} {quoted(check)}"
    if check not in known:
        near = nearest(check, known)
        hint = f", did you mean {quoted(near)}?" if near else ""
        what = f"no check is called that{hint}\n  known: {', '.join(known)}"
        raise file.error_at(label, what, _EXAMPLE.format(check=near or next(iter(known))))
    example = _EXAMPLE.format(check=check)
    if not isinstance(entry, dict):
        what = f"has to be a table with a reason and a last day, not {type_name(entry)}"
        raise file.error_at(label, what, example)
    for key in entry:
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            hint = f", did you mean {near}?" if near else ""
            raise file.error_at(
                label, f"{key}: unknown key{hint}\n  known: {', '.join(_KEYS)}", example
            )
    values = {}
    for key, rule in _KEYS.items():
        if key not in entry:
            if key in _OPTIONAL:
                continue
            raise file.error_at(label, f"{key} is missing", example)
        try:
            values[key] = rule.read(entry[key])
        except Wrong as wrong:
            raise file.error_at(f"{label} {key}", str(wrong), rule.example) from None
    reason, until = values["reason"], values["until"]
    assert isinstance(reason, str)
    assert isinstance(until, date)
    where = values.get("platforms", ())
    assert isinstance(where, tuple)
    return Waiver(check=check, reason=reason, until=until, platforms=where)
