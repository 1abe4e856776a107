"""How long to wait before a retry.

The destination's own hint counts most, then the publisher's expression, then the default table.
"""

import math
import re
from email.utils import mktime_tz, parsedate_tz

from emulator.exchange import Headers, find_header
from emulator.qstash.expression import Expression

MAX_WAIT_S = 86_400.0  # QStash docs, "Retry": a retry is never put off by more than a day

# QStash docs, "Retry": response headers that replace the backoff, in this order.
HINT_HEADERS = (
    "Retry-After",
    "X-RateLimit-Reset",
    "X-RateLimit-Reset-Requests",
    "X-RateLimit-Reset-Tokens",
)

_SECONDS = re.compile(r"[0-9]{1,15}")
_GO_DURATION = re.compile(r"(?:[0-9]{1,15}(?:\.[0-9]{0,15})?(?:ns|us|µs|μs|ms|s|m|h))+")
_GO_PART = re.compile(r"([0-9.]+)(ns|us|µs|μs|ms|s|m|h)")
_GO_UNIT_S = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3_600.0,
}
_HTTP_DATE = re.compile(
    r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
)


def default_wait(retry: int) -> float:
    """Seconds before retry `retry` (1 is the first): e^(2.5 retry), to the ms, at most a day."""
    if retry >= 5:
        return MAX_WAIT_S
    return round(math.exp(2.5 * retry), 3)


def parse_hint(text: str, unix: float) -> float | None:
    """Seconds that one hint asks to wait from `unix` on, or None when it can not be read.

    It is a whole number of seconds, an HTTP date or a Go duration such as `6m5s`.
    """
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    if _GO_DURATION.fullmatch(text):
        return round(
            sum(float(number) * _GO_UNIT_S[unit] for number, unit in _GO_PART.findall(text)), 3
        )
    if _HTTP_DATE.fullmatch(text) and (date := parsedate_tz(text)) is not None:
        try:
            return max(0.0, round(mktime_tz(date) - unix, 3))
        except (ValueError, OverflowError):
            return None
    return None


def hinted_wait(headers: Headers, unix: float) -> float | None:
    """Seconds that a response asks to wait, or None when it has no usable hint of a day or less."""
    for name in HINT_HEADERS:
        value = find_header(headers, name)
        if value is None:
            continue
        wait_s = parse_hint(value, unix)
        if wait_s is not None and wait_s <= MAX_WAIT_S:
            return wait_s
    return None


def wait_before(
    retry: int, *, headers: Headers, expression: Expression | None, unix: float
) -> float:
    """Seconds between a failed attempt with these response headers and retry number `retry`."""
    hint = hinted_wait(headers, unix)
    if hint is not None:
        return hint
    if expression is not None:
        wait_ms = expression.evaluate(retry - 1)
        if not math.isnan(wait_ms):
            return round(min(max(wait_ms, 0.0), MAX_WAIT_S * 1_000)) / 1_000
    return default_wait(retry)
