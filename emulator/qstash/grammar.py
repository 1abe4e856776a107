"""The small languages of QStash's header values: durations, booleans, labels, whole numbers."""

import re

# Fifteen digits keep every sum far from the edge of what JSON numbers hold exactly.
_DURATION = re.compile(r"(?:[0-9]{1,15}[smhd])+")
_DURATION_PART = re.compile(r"([0-9]+)([smhd])")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WHOLE = re.compile(r"[0-9]{1,15}")


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
