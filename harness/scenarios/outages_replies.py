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


def tasks_over_quota() -> Reply:
    """Over the calls that a project may make (Cloud Tasks docs, "Quotas and limits")."""
    return _google(
        429,
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'API requests' and limit 'API requests per minute'.",
    )


TASKS_UNAUTHORIZED = _google(
    401,
    "UNAUTHENTICATED",
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
    "or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project.",
)


def _sqs(status: int, code: str, message: str) -> Reply:
    """The error of SQS's JSON protocol, with the name that older clients show it by."""
    return Reply(
        status,
        (
            ("Content-Type", "application/x-amz-json-1.0"),
            ("x-amzn-query-error", f"{code};Sender"),
        ),
        json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": message}).encode(),
    )


# SQS API reference, "Common errors" and the errors of SendMessage; the words are assumed.
SQS_THROTTLED = _sqs(400, "RequestThrottled", "The request was denied due to request throttling.")
SQS_UNAUTHORIZED = _sqs(
    403, "InvalidClientTokenId", "The security token included in the request is invalid."
)
STORE_UNAVAILABLE = _google(503, "UNAVAILABLE", "The service is currently unavailable.")
STORE_OVER_QUOTA = _google(429, "RESOURCE_EXHAUSTED", "Quota exceeded.")

# Assumed: how Upstash answers while it is down is not documented.
UPSTASH_UNAVAILABLE = _reply(503, {"error": "ERR service unavailable"})
# As a server says that has just been started again (Redis docs, "Error replies").
REDIS_UNAVAILABLE = Reply(400, (), b"-LOADING Redis is loading the dataset in memory\r\n")
# As Upstash answers over Redis's own protocol, by reports of users; a hosted Redis by its memory
# would refuse writes in the same way.
REDIS_OVER_LIMIT = Reply(
    400,
    (),
    b"-ERR max requests limit exceeded. Limit: 500000, Usage: 500000. See "
    b"https://upstash.com/docs/redis/troubleshooting/max_requests_limit for details\r\n",
)
# The text as users report it, the status by the general rule (Upstash docs, "REST API").
UPSTASH_OVER_LIMIT = _reply(
    400,
    {
        "error": "ERR max requests limit exceeded. Limit: 500000, Usage: 500000. See "
        "https://upstash.com/docs/redis/troubleshooting/max_requests_limit for details"
    },
)


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
