"""The small languages of QStash's header values: durations, booleans, labels, whole numbers, flow
control, redaction, names.
"""

import re

from emulator.qstash.flow import FlowControl
from emulator.qstash.redact import Redact

# Fifteen digits keep every sum far from the edge of what JSON numbers hold exactly.
_DURATION = re.compile(r"(?:[0-9]{1,15}[smhd])+")
_DURATION_PART = re.compile(r"([0-9]+)([smhd])")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WHOLE = re.compile(r"[0-9]{1,15}")
# QStash REST description: names of queues, URL groups and schedules.
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,256}")
_REDACTED_HEADER = re.compile(r"headers?\[([^\[\],]+)\]")

MAX_PERIOD_S = 604_800  # QStash docs, "Flow control": a period is a week at most


def parse_duration(text: str) -> int:
    """Seconds in a duration such as `50s` or `1d10h30m`; raises ValueError for anything else."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"'{text}' is not a duration such as 50s or 1d10h30m")
    return sum(int(number) * _UNIT_S[unit] for number, unit in _DURATION_PART.findall(text))


def parse_boolean(text: str) -> bool:
    """True or False, in whatever case; raises ValueError for anything else."""
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise ValueError(f"'{text}' is neither true nor false")
    return lowered == "true"


def parse_labels(text: str) -> tuple[str, ...]:
    """Comma-separated labels, trimmed, in their order; empty ones are left out."""
    return tuple(label for part in text.split(",") if (label := part.strip()))


def parse_whole(text: str) -> int:
    """A whole number of zero or more; raises ValueError for anything else."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"'{text}' is not a whole number")
    return int(text)


def parse_count(text: str) -> int:
    """A whole number of one or more; raises ValueError for anything else."""
    number = parse_whole(text)
    if number == 0:
        raise ValueError("must be greater than zero")
    return number


def parse_period(text: str) -> int:
    """Seconds of a rate's period, a duration or a whole number of seconds; raises ValueError."""
    text = text.strip()
    period_s = parse_whole(text) if _WHOLE.fullmatch(text) else parse_duration(text)
    if not 0 < period_s <= MAX_PERIOD_S:
        raise ValueError(f"period '{text}' is not between 1s and 7d")
    return period_s


def parse_flow(key: str, text: str) -> FlowControl:
    """Limits such as `parallelism=2, rate=10, period=1m`, in any order; raises ValueError."""
    found: dict[str, int] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name, value = name.strip().lower(), value.strip()
        if not equals or name not in ("parallelism", "rate", "period") or name in found:
            raise ValueError(f"'{part.strip()}' is not one of parallelism=, rate=, period=")
        found[name] = parse_period(value) if name == "period" else parse_count(value)
    if "parallelism" not in found and "rate" not in found:
        raise ValueError("needs a parallelism or a rate")
    return FlowControl(key, found.get("parallelism"), found.get("rate"), found.get("period", 1))


def parse_redact(text: str) -> Redact:
    """Fields to hide, such as `body,header[Authorization]`; raises ValueError for others.

    The docs, the REST description and the SDKs do not agree on `header` or `headers`.
    """
    body, header, names = False, False, set()
    for part in text.split(","):
        field = part.strip()
        if field == "body":
            body = True
        elif field in ("header", "headers"):
            header = True
        elif match := _REDACTED_HEADER.fullmatch(field):
            names.add(match.group(1).strip().lower())
        else:
            raise ValueError(f"'{field}' is none of body, header, header[Name]")
    return Redact(body, header, frozenset(names))


def is_name(text: str) -> bool:
    """Whether this may be the name of a queue or URL group, or the id of a schedule."""
    return _NAME.fullmatch(text) is not None
