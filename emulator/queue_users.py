"""The accounts of the served queue, and which of them a request is for."""

import hmac
from dataclasses import dataclass
from urllib.parse import parse_qs

from emulator.exchange import Request


@dataclass(frozen=True, slots=True)
class QueueUser:
    """An account of the queue: what publishes for it, and what its deliveries are signed with."""

    name: str
    token: str
    current_key: str
    next_key: str


# The accounts of the vendor's public development server; their credentials are constants of that
# server (QStash docs, "Local development").
QUEUE_USERS = (
    QueueUser(
        "defaultUser",
        "eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0=",
        "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r",
        "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs",
    ),
    QueueUser(
        "testUser1",
        "eyJVc2VySUQiOiJ0ZXN0VXNlcjEiLCJQYXNzd29yZCI6InRlc3RQYXNzd29yZCJ9",
        "sig_7GVPjvuwsfqF65iC8fSrs1dfYruM",
        "sig_5NoELc3EFnZn4DVS5bDs2Nk4b7Ua",
    ),
    QueueUser(
        "testUser2",
        "eyJVc2VySUQiOiJ0ZXN0VXNlcjIiLCJQYXNzd29yZCI6InRlc3RQYXNzd29yZCJ9",
        "sig_6jWGaWRxHsw4vMSPJprXadyvrybF",
        "sig_7qHbvhmahe5GwfePDiS5Lg3pi6Qx",
    ),
    QueueUser(
        "testUser3",
        "eyJVc2VySUQiOiJ0ZXN0VXNlcjMiLCJQYXNzd29yZCI6InRlc3RQYXNzd29yZCJ9",
        "sig_5T8FcSsynBjn9mMLBsXhpacRovJf",
        "sig_7GFR4YaDshFcqsxWRZpRB161jguD",
    ),
)


_USUAL = b"Bearer " + QUEUE_USERS[0].token.encode()
_HOOKS = "/v2/workflows/hooks/"


def origin_of(user: QueueUser) -> str:
    """The address of an account; only of use inside, since they all share one port."""
    return f"https://{user.name.lower()}.qstash.invalid"


def for_its_user(request: Request) -> Request:
    """The request as one to its account's address, which its token tells, or the path of a
    workflow's webhook.
    """
    bearer = (request.header("authorization") or "").encode()
    hooked_at = request.raw_path.startswith(_HOOKS)
    query = request.raw_query
    # The token may stand in the query instead (QStash docs, "API / Authentication").
    if not query and not hooked_at and hmac.compare_digest(bearer, _USUAL):
        return request
    given = parse_qs(query) if "qstash_token" in query else {}
    in_query = given.get("qstash_token", [""])[-1].encode()
    for user in QUEUE_USERS[1:]:
        token = user.token.encode()
        hooked = hooked_at and request.raw_path.startswith(f"{_HOOKS}{user.name}/")
        if (
            hooked
            or hmac.compare_digest(bearer, b"Bearer " + token)
            or hmac.compare_digest(in_query, token)
        ):
            return Request(
                request.method, origin_of(user) + request.target, request.headers, request.body
            )
    return request
