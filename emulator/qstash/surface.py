"""What the parts of the HTTP surface share: who gets in, bodies in JSON, answers in JSON."""

import hmac
import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from emulator.exchange import Headers, Reply
from emulator.qstash.fields import split_query
from emulator.qstash.grammar import is_name
from emulator.qstash.refusal import NotOffered, Refused

if TYPE_CHECKING:
    from emulator.call import Call
    from emulator.qstash.service import QStash

Handler = Callable[["QStash", Request, bytes], Response]
Endpoint = Callable[[Request], Awaitable[Response]]

encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_READING = frozenset({"GET", "HEAD"})


class Unauthorized(Refused):
    """The token is absent or wrong."""

    def __init__(self) -> None:
        super().__init__(401, "unable to authenticate: invalid token")


def authenticate(fake: "QStash", authorization: bytes | None, query: str, *, method: str) -> bool:
    """Whether the header carries the token; raises Unauthorized when the query does not either.

    Raises Refused when the token is one that may only read, and the method is not.
    """
    in_header = authorization is not None
    if authorization is not None and hmac.compare_digest(authorization, fake.bearer):
        return True
    given = authorization
    if "qstash_token" in query and (token := split_query(query)[2]) is not None:
        given = b"Bearer " + token.encode()
        if hmac.compare_digest(given, fake.bearer):
            return False
    if (
        given is not None
        and fake.read_only_bearer is not None
        and hmac.compare_digest(given, fake.read_only_bearer)
    ):
        if method not in _READING:
            raise Refused(fake.switches.read_only_status, "unauthorized: the token is read-only")
        return in_header
    raise Unauthorized


def endpoint_of(handler: Handler, *, counted: bool = True) -> Endpoint:
    """The route's endpoint: it authenticates, answers refusals, and unless told otherwise counts
    against the limit per second.
    """

    async def endpoint(request: Request) -> Response:
        scope = request.scope
        fake: QStash = scope["thrice.fake"]
        authorization = request.headers.get("authorization")
        try:
            authenticate(
                fake,
                authorization.encode("latin-1") if authorization else None,
                request.url.query,
                method=request.method,
            )
            if counted and scope["thrice.metered"]:
                fake.intake.quota.knock(fake.kernel.clock.unix)
            return handler(fake, request, await request.body())
        except Refused as refused:
            return refuse(scope, refused)

    return endpoint


def refuse(scope: Scope, refused: Refused) -> Response:
    """The answer to a request that is refused."""
    reply = refusal(scope["thrice.fake"], scope["thrice.call"], refused)
    response = Response(reply.body, status_code=reply.status)
    response.raw_headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers
    ]
    return response


def refusal(fake: "QStash", call: "Call | None", refused: Refused) -> Reply:
    """The same for a request that never was one of Starlette's."""
    if isinstance(refused, NotOffered):
        fake.note_not_offered(refused.subject, call)
    headers = tuple((name.lower(), value) for name, value in refused.headers)
    return json_reply(encode_json({"error": str(refused)}), status=refused.status, headers=headers)


def json_reply(text: str, *, status: int = 200, headers: Headers = ()) -> Reply:
    """An answer in JSON, with the headers that Starlette gives it."""
    body = text.encode()
    framing = (("content-length", str(len(body))), ("content-type", "application/json"))
    return Reply(status, (*headers, *framing), body)


def answer(value: object, *, status_code: int = 200) -> Response:
    """A value as JSON."""
    return Response(encode_json(value), status_code=status_code, media_type="application/json")


def caller_ip(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


async def whole_body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


def read_json(body: bytes, kind: str) -> object:
    """The JSON value in a body, which is to be of this kind; raises Refused (400) when there is
    none.
    """
    try:
        value: object = json.loads(body)
        if _ESCAPED_SURROGATE.search(body):
            value = json.loads(_without_lone_surrogates(json.dumps(value, ensure_ascii=False)))
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"invalid body: must be {kind}") from error
    return value


def _without_lone_surrogates(text: str) -> str:
    """The text as Go's JSON reads it: half of a pair, which is no character, is replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read_object(body: bytes) -> dict[str, object]:
    """The JSON object in a body; raises Refused (400) when there is none."""
    kind = "a JSON object"
    value = read_json(body, kind)
    if not isinstance(value, dict):
        raise Refused(400, f"invalid body: must be {kind}")
    return value


def read_headers(value: object, what: str) -> list[tuple[str, str]]:
    """Headers from a JSON object of strings, or lists of them, as they would come over HTTP; raises
    Refused (400) for what can not be sent.
    """
    if not isinstance(value, dict):
        raise Refused(400, f"invalid {what}: headers must be strings by name")
    headers: list[tuple[str, str]] = []
    for name, given in value.items():
        for one in given if isinstance(given, list) else [given]:
            if not isinstance(one, str):
                raise Refused(400, f"invalid {what}: headers must be strings by name")
            if not _HEADER_NAME.fullmatch(name) or _CONTROL.search(one):
                raise Refused(400, f"invalid {what}: header {name!a} can not be sent")
            headers.append((name, one.encode().decode("latin-1").strip()))
    return headers


def check_name(kind: str, name: str) -> str:
    """The name, which Refused (400) is raised for unless it may be one."""
    if not is_name(name):
        raise Refused(400, f"invalid {kind} name: '{name}'")
    return name
