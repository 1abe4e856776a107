"""What came of an attempt, as the service words it, and what the worker asks for by it."""

import re
from email.utils import mktime_tz, parsedate_tz

from emulator.exchange import Failure, Outcome

# google.rpc.Code, by HTTP status as in its own comments; whatever else is UNKNOWN.
_CODES = {
    400: (3, "INVALID_ARGUMENT"),
    401: (16, "UNAUTHENTICATED"),
    403: (7, "PERMISSION_DENIED"),
    404: (5, "NOT_FOUND"),
    409: (10, "ABORTED"),
    429: (8, "RESOURCE_EXHAUSTED"),
    499: (1, "CANCELLED"),
    500: (13, "INTERNAL"),
    501: (12, "UNIMPLEMENTED"),
    503: (14, "UNAVAILABLE"),
    504: (4, "DEADLINE_EXCEEDED"),
}
_SECONDS = re.compile(r"[0-9]{1,9}")
# Assumed: a worker can not put a task off for longer than it is kept.
_LONGEST_S = 31 * 86_400.0


def status_of(outcome: Outcome) -> tuple[int, str]:
    """The google.rpc.Status of an attempt: code and message."""
    if isinstance(outcome, Failure):
        if outcome.kind == "timeout":
            return 4, "DEADLINE_EXCEEDED(4): the worker did not answer by the deadline"
        return 14, f"UNAVAILABLE(14): {outcome.message or outcome.kind}"
    if outcome.ok:
        return 0, ""
    code, name = _CODES.get(outcome.status, (2, "UNKNOWN"))
    return code, f"{name}({code}): HTTP status code {outcome.status}"


def hinted_wait(outcome: Outcome, unix: float) -> float:
    """Seconds that a worker asks to wait by `Retry-After`, 0 when it does not."""
    hint = None if isinstance(outcome, Failure) else outcome.header("Retry-After")
    if hint is None:
        return 0.0
    hint = hint.strip()
    if _SECONDS.fullmatch(hint):
        return min(float(hint), _LONGEST_S)
    date = parsedate_tz(hint)
    if date is None:
        return 0.0
    try:
        return min(max(0.0, round(mktime_tz(date) - unix, 3)), _LONGEST_S)
    except (ValueError, OverflowError):
        return 0.0
