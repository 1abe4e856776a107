"""What each service answers while it is in trouble."""

import json

from emulator.exchange import Reply

_JSON = ("Content-Type", "application/json")


def _reply(status: int, body: object, *headers: tuple[str, str]) -> Reply:
    return Reply(status, (_JSON, *headers), json.dumps(body).encode())


def queue_over_quota(reset_unix: float) -> Reply:
    """Over the plan's messages a day, until `reset_unix` (unix seconds); its SDKs tell this one by
    the first header (SDK source, `raise_for_non_ok_status`).
    """
    return _reply(
        429,
        {"error": "quota maxRequestsPerDay exceeded, current limit: 1000"},
        ("RateLimit-Limit", "1000"),
        ("RateLimit-Remaining", "0"),
        ("RateLimit-Reset", str(round(reset_unix))),
    )


# As the service words it for a token that it does not know.
QUEUE_UNAUTHORIZED = _reply(401, {"error": "unable to authenticate: invalid token"})


def _google(code: int, status: str, message: str) -> Reply:
    """Google Cloud APIs, "Errors": the JSON of an error."""
    return _reply(code, {"error": {"code": code, "message": message, "status": status}})


STORE_UNAVAILABLE = _google(503, "UNAVAILABLE", "The service is currently unavailable.")
STORE_OVER_QUOTA = _google(429, "RESOURCE_EXHAUSTED", "Quota exceeded.")


def _graph(status: int, code: int, message: str) -> Reply:
    error = {
        "message": message,
        "type": "OAuthException",
        "is_transient": True,
        "code": code,
        "fbtrace_id": "AThriceOutage000000000",
    }
    return _reply(status, {"error": error})


# Graph API docs, "Handling Errors": a temporary one, to be tried again.
SEND_TEMPORARY = _graph(
    500, 2, "An unexpected error has occurred. Please retry your request later."
)
# As above: too many calls. The platform answers its rate limits 400, with the type of a wrong
# token: only the code tells.
SEND_RATE_LIMITED = _graph(400, 613, "(#613) Calls to this api have exceeded the rate limit.")
