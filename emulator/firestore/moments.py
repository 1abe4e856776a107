"""Moments as microseconds since 1970, and their RFC 3339 text."""

import re
from datetime import UTC, datetime, timedelta

from emulator.firestore.errors import InvalidArgumentError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Firestore API, Timestamp: from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z.
MIN_US = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
MAX_US = (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)


def format_us(unix_us: int) -> str:
    """`2026-09-21T13:33:20.000001Z`: always six digits, so that one format reads every time."""
    return to_datetime(unix_us).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_ns(text: str) -> int:
    """Nanoseconds since 1970. Raises InvalidArgumentError for what is no RFC 3339 time."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise InvalidArgumentError(f'Invalid time "{text}": not in RFC 3339 form.')
    *date, fraction, sign, hours, minutes = found.groups()
    try:
        unix_us = (datetime(*map(int, date), tzinfo=UTC) - _EPOCH) // _MICROSECOND  # type: ignore[misc,arg-type]
    except ValueError as error:
        raise InvalidArgumentError(f'Invalid time "{text}": {error}.') from None
    if sign:
        offset_us = (int(hours) * 60 + int(minutes)) * 60_000_000
        unix_us -= offset_us if sign == "+" else -offset_us
    if not MIN_US <= unix_us <= MAX_US:
        raise InvalidArgumentError(f'Invalid time "{text}": out of range.')
    return unix_us * 1000 + int((fraction or "").ljust(9, "0"))


def to_datetime(unix_us: int) -> datetime:
    return _EPOCH + unix_us * _MICROSECOND


def from_datetime(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND
