"""What a service in trouble answers, in its own words, for a status."""

import json
from dataclasses import replace

from emulator.exchange import Headers, Reply
from emulator.meta.graph.addressing import DEFAULT_VERSION, Refusal
from emulator.meta.graph.api import reply_with
from emulator.meta.graph.refusals import refusal

_JSON = ("Content-Type", "application/json")
# Google APIs, "Errors": canonical codes by HTTP status.
_CANONICAL = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
# Graph API docs, "Handling Errors": an expired token, too many calls, a temporary error.
_GRAPH_CODE = {401: 190, 403: 10, 429: 613}
_GRAPH_TEMPORARY = 2
_TRACE_ID = "AThriceFault0000000000"
# QStash docs, "API rate limits": what its SDKs tell this refusal by.
_BURST: Headers = (
    ("Burst-RateLimit-Limit", "100"),
    ("Burst-RateLimit-Remaining", "0"),
)


def trouble(service: str, status: int, *, unix: float) -> Reply:
    """The answer with this status; `unix` is the time at which it is given."""
    if service == "firestore":
        message = "The service is in trouble, as was asked for."
        error: object = {
            "error": {
                "code": status,
                "message": message,
                "status": _CANONICAL.get(status, "UNKNOWN"),
            }
        }
        return Reply(status, (_JSON,), json.dumps(error).encode())
    if service == "graph":
        return _of_graph(
            Refusal(
                _GRAPH_CODE.get(status, _GRAPH_TEMPORARY),
                "The service is in trouble, as was asked for.",
                status=status,
                transient=status >= 500 or status == 429,
            )
        )
    headers: Headers = (_JSON,)
    text = "the service is in trouble, as was asked for"
    if status == 401:
        text = "unable to authenticate: invalid token"
    elif status == 429:
        text = "burst rate limit exceeded"
        headers = (_JSON, *_BURST, ("Burst-RateLimit-Reset", str(int(unix) + 1)))
    return Reply(status, headers, json.dumps({"error": text}).encode())


def graph_error(code: int, subcode: int | None = None, *, status: int | None = None) -> Reply:
    """An error of the Graph API as the platform spells it, with its own status if None is given.

    Raises ScenarioError when the platform is not known to answer so.
    """
    known = refusal(code, subcode)
    return _of_graph(known if status is None else replace(known, status=status))


def _of_graph(answer: Refusal) -> Reply:
    return reply_with(answer, version=DEFAULT_VERSION, trace_id=_TRACE_ID)
