"""The kinds of serverless hosts, as data: when they end an invocation, what they freeze, their
limits, headers and answers of their own.

What no source states is left out: Cloud Run's headers to the container, the depth at which Vercel
answers 508 INFINITE_LOOP_DETECTED.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from emulator.chance import Chance
from emulator.exchange import Headers, Reply, Request
from emulator.gate import LatePolicy

HostKind = Literal["lambda", "vercel", "vercel-fluid", "cloud-run", "always-on"]
KINDS: tuple[HostKind, ...] = get_args(HostKind)

# What a host answers by itself; each platform has its own words.
Ending = Literal[
    "failed",  # the function crashed or was killed
    "raised",  # the application raised, and did not answer
    "timed-out",  # it did not end within its limit
    "no-response",  # it ended without an answer
    "throttled",  # as many run as may
    "too-large",  # the request is above the limit
    "response-too-large",
]

TEXT: Headers = (("content-type", "text/plain"),)
JSON: Headers = (("content-type", "application/json"),)
MB = 1_000_000
MIB = 1_048_576
NO_LIMIT_S = float("inf")
# From the addresses that are set aside for documentation (RFC 5737).
CLIENT = "203.0.113.7"
REGION = "iad1"  # Vercel docs, "Configuring regions": where functions run by default
DEPLOYMENT = "my-bot-0f1e2d3c4-thrice.vercel.app"


@dataclass(frozen=True, slots=True)
class Platform:
    """One kind of host. Times in seconds, sizes in bytes; None where there is no limit.

    An invocation `ends` at the last byte of its response, or when the application call has returned
    and all work that it registered (`wait_until`) is done. An instance takes `concurrency` requests
    at a time. Once none is left, it is frozen if it `freezes`; what was left behind a response then
    fares as `late` says. A host that is `fixed` runs as many instances as it was told, and no more.
    One that `kills` ends an instance whose request takes too long.
    """

    kind: HostKind
    ends: Literal["last byte", "return"]
    answers: Mapping[Ending, tuple[int, Headers, str]]
    concurrency: int = 1
    most_concurrency: int = 1
    freezes: bool = True
    late: LatePolicy = "withheld"
    fixed: bool = False
    kills: bool = True
    wait_until: bool = False
    timeout_s: float = NO_LIMIT_S
    request_bytes: int | None = None
    response_bytes: int | None = None
    identifies: bool = False

    def answer(self, ending: Ending, request: Request) -> Reply:
        """The host's own answer to a request."""
        status, headers, body = self.answers[ending]
        if not self.identifies:
            return Reply(status, headers, body.encode())
        # Vercel docs, "Response headers" and the text that its errors show.
        ident = request.header("x-vercel-id") or ""
        shown = ident.rpartition(f"{REGION}::")[2]
        return Reply(
            status,
            (*headers, ("x-vercel-id", ident)),
            body.format(id=f"{REGION}::{shown}").encode(),
        )

    def forwarded(self, request: Request, chance: Chance, name: str, unix: float) -> Request:
        """The request as it reaches the function: with what the platform's edge adds.

        `name` is what its id is drawn by, `unix` the time in it, in seconds.
        """
        if not self.identifies:
            return request
        drawn = chance.bits("vercel-id/" + name, 9).hex()
        ident = f"{REGION}::{REGION}::{drawn[:5]}-{int(unix * 1_000)}-{drawn[6:]}"
        host = request.header("host") or request.parts.netloc
        # Vercel docs, "Request headers", for all but two: that `x-real-ip` and
        # `x-vercel-forwarded-for` carry the same address, and that a caller can choose none of
        # them, is assumed.
        added = {
            "x-forwarded-host": host,
            "x-forwarded-proto": "https",
            "x-forwarded-for": CLIENT,
            "x-real-ip": CLIENT,
            "x-vercel-forwarded-for": CLIENT,
            "x-vercel-deployment-url": DEPLOYMENT,
            "x-vercel-id": ident,
        }
        own = (pair for pair in request.headers if pair[0].lower() not in added)
        return Request(request.method, request.url, (*own, *added.items()), request.body)

    def returned(self, reply: Reply, request: Request) -> Reply:
        """A response of the function as the caller gets it."""
        ident = request.header("x-vercel-id") if self.identifies else None
        if ident is None:
            return reply
        return Reply(reply.status, (*reply.headers, ("x-vercel-id", ident)), reply.body)


def _vercel(what: str, code: str) -> str:
    return f"{what}\n\n{code}\n\n{{id}}\n"


# Vercel docs, "Errors": codes and their statuses. The shape of the text is as callers report it
# (what, code, id, with empty lines between them).
_VERCEL_ANSWERS: Mapping[Ending, tuple[int, Headers, str]] = {
    "failed": (500, TEXT, _vercel("A server error has occurred", "FUNCTION_INVOCATION_FAILED")),
    "raised": (500, TEXT, _vercel("A server error has occurred", "FUNCTION_INVOCATION_FAILED")),
    "timed-out": (
        504,
        TEXT,
        _vercel("An error occurred with your deployment", "FUNCTION_INVOCATION_TIMEOUT"),
    ),
    "no-response": (
        502,
        TEXT,
        _vercel("An error occurred with your deployment", "NO_RESPONSE_FROM_FUNCTION"),
    ),
    "throttled": (
        503,
        TEXT,
        _vercel("An error occurred with your deployment", "FUNCTION_THROTTLED"),
    ),
    "too-large": (413, TEXT, _vercel("Request Entity Too Large", "FUNCTION_PAYLOAD_TOO_LARGE")),
    "response-too-large": (
        500,
        TEXT,
        _vercel("A server error has occurred", "FUNCTION_RESPONSE_PAYLOAD_TOO_LARGE"),
    ),
}
_SERVER_ERROR = '{"message":"Internal Server Error"}'

_PLATFORMS = (
    # One request per environment (Lambda docs, "Concurrency"); 15 minutes, 6 MB either way (Lambda
    # docs, "Quotas"); 429 and 413 of the Invoke API (TooManyRequestsException,
    # RequestTooLargeException). A caller meets the gateway in front of the function: the text of a
    # time-out is API Gateway's for its own limit, as callers report it. Some of its kinds answer
    # 500 or 502 where the function's limit is the shorter one; for the caller, none of them is an
    # acknowledgement. The other texts are assumed.
    Platform(
        kind="lambda",
        ends="last byte",
        timeout_s=900.0,
        request_bytes=6 * MIB,
        response_bytes=6 * MIB,
        answers={
            "failed": (500, JSON, _SERVER_ERROR),
            "raised": (500, JSON, _SERVER_ERROR),
            "timed-out": (504, JSON, '{"message":"Endpoint request timed out"}'),
            "no-response": (500, JSON, _SERVER_ERROR),
            "throttled": (429, TEXT, "TooManyRequestsException"),
            "too-large": (413, TEXT, "RequestTooLargeException"),
            "response-too-large": (500, JSON, _SERVER_ERROR),
        },
    ),
    # Vercel docs, "Functions limits": 300 s, 4.5 MB either way. `waitUntil`: @vercel/functions.
    Platform(
        kind="vercel",
        ends="return",
        wait_until=True,
        identifies=True,
        timeout_s=300.0,
        request_bytes=int(4.5 * MB),
        response_bytes=int(4.5 * MB),
        answers=_VERCEL_ANSWERS,
    ),
    # Vercel docs, "Fluid compute": several requests at once on an instance, and instances are
    # filled before new ones start. How many at once is not stated; nor is what becomes of an
    # instance that serves others when one of its requests times out: it is left to them.
    Platform(
        kind="vercel-fluid",
        ends="return",
        concurrency=10,
        most_concurrency=1_000,
        late="answered",
        wait_until=True,
        identifies=True,
        timeout_s=300.0,
        request_bytes=int(4.5 * MB),
        response_bytes=int(4.5 * MB),
        answers=_VERCEL_ANSWERS,
    ),
    # Cloud Run docs: "Maximum concurrent requests per instance" (80, at most 1,000); "Request
    # timeout" (300 s, then 504, and the instance is not ended); "CPU allocation" (with billing by
    # request, none after the last response: what is left goes on with the next request). The 32 MiB
    # either way over HTTP/1, the 429 without an instance, the other statuses and all texts are
    # assumed.
    Platform(
        kind="cloud-run",
        ends="last byte",
        concurrency=80,
        most_concurrency=1_000,
        late="answered",
        kills=False,
        timeout_s=300.0,
        request_bytes=32 * MIB,
        response_bytes=32 * MIB,
        answers={
            "failed": (503, TEXT, "Service Unavailable"),
            "raised": (500, TEXT, "Internal Server Error"),  # of the server in the container
            "timed-out": (504, TEXT, "upstream request timeout"),
            "no-response": (500, TEXT, "Internal Server Error"),
            "throttled": (429, TEXT, "Rate exceeded."),
            "too-large": (413, TEXT, "Request Entity Too Large"),
            "response-too-large": (500, TEXT, "Internal Server Error"),
        },
    ),
    # A server of one's own, behind a proxy that has no limits; answers as proxies commonly give.
    Platform(
        kind="always-on",
        ends="last byte",
        concurrency=1_000,
        most_concurrency=10_000,
        freezes=False,
        fixed=True,
        kills=False,
        answers={
            "failed": (502, TEXT, "Bad Gateway"),
            "raised": (500, TEXT, "Internal Server Error"),
            "timed-out": (504, TEXT, "Gateway Timeout"),
            "no-response": (500, TEXT, "Internal Server Error"),
            "throttled": (503, TEXT, "Service Unavailable"),
            "too-large": (413, TEXT, "Request Entity Too Large"),
            "response-too-large": (502, TEXT, "Bad Gateway"),
        },
    ),
)
PLATFORMS: Mapping[HostKind, Platform] = {platform.kind: platform for platform in _PLATFORMS}
