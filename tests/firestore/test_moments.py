import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.firestore.errors import InvalidArgumentError
from emulator.firestore.moments import (
    MAX_US,
    MIN_US,
    format_us,
    from_datetime,
    parse_ns,
    to_datetime,
)


def test_format_us__always_has_six_digits() -> None:
    assert format_us(1_790_000_000_000_000) == "2026-09-21T14:13:20.000000Z"
    assert format_us(MIN_US) == "0001-01-01T00:00:00.000000Z"
    assert format_us(MAX_US) == "9999-12-31T23:59:59.999999Z"


@given(st.integers(MIN_US, MAX_US))
def test_moments__survive_both_forms(unix_us: int) -> None:
    assert parse_ns(format_us(unix_us)) == unix_us * 1000
    assert from_datetime(to_datetime(unix_us)) == unix_us


@pytest.mark.parametrize(
    ("text", "unix_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.5Z", 500_000_000),
        ("1970-01-01T00:00:00.123456789Z", 123_456_789),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T23:30:00-00:30", 0),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_parse_ns__reads_rfc_3339(text: str, unix_ns: int) -> None:
    assert parse_ns(text) == unix_ns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-09-21", r'^Invalid time "2026-09-21": not in RFC 3339 form\.$'),
        ("2026-09-21T14:13:20", r'^Invalid time "2026-09-21T14:13:20": not in RFC 3339 form\.$'),
        ("2026-13-21T14:13:20Z", r'^Invalid time "2026-13-21T14:13:20Z": month must be .*\.$'),
        ("0001-01-01T00:00:00+01:00", r'^Invalid time "0001-01-01T00:00:00\+01:00": out of range'),
    ],
)
def test_parse_ns__refuses(text: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        parse_ns(text)
