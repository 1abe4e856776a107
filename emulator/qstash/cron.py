"""Cron expressions as schedules have them: five fields, UTC or a time zone of one's own."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_ZONE_PREFIX = "CRON_TZ="  # QStash docs, "Schedules"
# Minutes, hours, days, months and weekdays with lists, ranges, steps and names; the extensions that
# the library knows beside them are in no document of the service.
_FIELD = re.compile(r"[0-9A-Za-z*,/?-]{1,256}")
_NAMES = re.compile(r"[A-Za-z]+")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_KNOWN_NAMES = frozenset((*_DAYS, *_MONTHS))


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression: `text` as it is shown, the five `fields`, and the time zone."""

    text: str
    fields: str
    zone: tzinfo

    def next_after(self, unix: float) -> float | None:
        """The first tick after this moment, both in Unix seconds; None when there is none."""
        from cronsim import CronSim  # only worlds with schedules need it

        moment = datetime.fromtimestamp(math.floor(unix), self.zone)
        found = next(CronSim(self.fields, moment), None)
        return None if found is None else found.timestamp()


@lru_cache(maxsize=256)
def parse_cron(text: str) -> Cron:
    """Parse `*/5 * * * *` or `CRON_TZ=Europe/Berlin 0 9 * * MON-FRI`; raises ValueError."""
    from cronsim import CronSim, CronSimError  # only worlds with schedules need it

    text = text.strip()
    zone: tzinfo = UTC
    expression = text
    if text.startswith(_ZONE_PREFIX):
        name, _, expression = text[len(_ZONE_PREFIX) :].partition(" ")
        zone = _zone(name)
    fields = expression.split()
    if len(fields) != 5:
        raise ValueError(f"'{text}' has {len(fields)} fields, expected 5")
    for field in fields:
        names = {name.lower() for name in _NAMES.findall(field)}
        if not _FIELD.fullmatch(field) or not names <= _KNOWN_NAMES:
            raise ValueError(f"'{field}' is no field of a cron expression")
    asked = " ".join("*" if field == "?" else field for field in fields)
    try:
        CronSim(asked, datetime(2000, 1, 1, tzinfo=zone))
    except CronSimError as error:
        raise ValueError(f"'{text}': {error}") from error
    return Cron(text, asked, zone)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"'{name}' is no time zone") from error
