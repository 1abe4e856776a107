"""The HTTP surface: built once, it finds the fake of the present world in the scope.

A route that is not here is answered 404 and put on record as a finding, so that nobody is certified
against an absence.
"""

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.qstash import dlq, listing
from emulator.qstash.destination import PUBLISH_PATH
from emulator.qstash.fields import read_fields, split_query
from emulator.qstash.objects import log_cursor, log_object, message_object
from emulator.qstash.refusal import NotOffered, Refused
from emulator.qstash.wire import read_publish

if TYPE_CHECKING:
    from emulator.qstash.service import QStash

Handler = Callable[["QStash", Request, bytes], Response]
Endpoint = Callable[[Request], Awaitable[Response]]

EVENTS_COUNT = 1_000  # both vendor SDKs: default and most for /v2/events
LOGS_COUNT = 100  # QStash REST description: default for /v2/logs


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Unauthorized(Refused):
    """The token is absent or wrong."""

    def __init__(self) -> None:
        super().__init__(401, "unable to authenticate: invalid token")


def _get_message(fake: "QStash", request: Request, body: bytes) -> Response:
    message_id = request.path_params["message_id"]
    message = fake.engine.find(message_id)
    if message is None:
        raise Refused(404, f"message {message_id} not found")
    return JSONResponse(message_object(message))


def _cancel_message(fake: "QStash", request: Request, body: bytes) -> Response:
    message_id = request.path_params["message_id"]
    if not fake.engine.cancel(message_id):
        raise Refused(404, f"message {message_id} not found")
    return JSONResponse({"cancelled": 1}, status_code=202)


def _list_log(key: str, default_count: int) -> Handler:
    def handler(fake: "QStash", request: Request, body: bytes) -> Response:
        asked = listing.read_listing(
            request.url.query,
            filters=listing.LOG_FILTERS,
            strict=False,
            default_count=default_count,
            max_count=EVENTS_COUNT,
            latest_first=True,
        )
        page = asked.page(fake.engine.log, fake.engine.now_ms)
        return JSONResponse(
            {key: [log_object(entry) for entry in page.records], **log_cursor(page.more_after)}
        )

    return handler


def _get_keys(fake: "QStash", request: Request, body: bytes) -> Response:
    return JSONResponse({"current": fake.keys.current, "next": fake.keys.next})


def _rotate_keys(fake: "QStash", request: Request, body: bytes) -> Response:
    fake.rotate_keys()
    return _get_keys(fake, request, body)


def _not_offered(fake: "QStash", request: Request, body: bytes) -> Response:
    raise NotOffered(404, f"{request.method} {request.url.path}")


def _authenticate(fake: "QStash", authorization: bytes | None, query: str) -> bool:
    """Whether the header carries the token; raises Unauthorized when the query does not either."""
    if authorization is not None and hmac.compare_digest(authorization, fake.bearer):
        return True
    if "qstash_token" in query:
        token = split_query(query)[2]
        if token is not None and hmac.compare_digest(b"Bearer " + token.encode(), fake.bearer):
            return False
    raise Unauthorized


def _refuse(scope: Scope, refused: Refused) -> Response:
    if isinstance(refused, NotOffered):
        fake: QStash = scope["thrice.fake"]
        fake.note_not_offered(refused.subject, scope["thrice.call"])
    return JSONResponse({"error": str(refused)}, status_code=refused.status)


def _endpoint(handler: Handler) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        fake: QStash = request.scope["thrice.fake"]
        authorization = request.headers.get("authorization")
        try:
            _authenticate(
                fake, authorization.encode("latin-1") if authorization else None, request.url.query
            )
            return handler(fake, request, await request.body())
        except Refused as refused:
            return _refuse(request.scope, refused)

    return endpoint


async def _publish(scope: Scope, receive: Receive) -> Response:
    fake: QStash = scope["thrice.fake"]
    query = scope["query_string"].decode("latin-1")
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    authorization = next(
        (value for name, value in scope["headers"] if name.lower() == b"authorization"), None
    )
    try:
        own_authorization = _authenticate(fake, authorization, query)
        publish = read_publish(
            scope["raw_path"].decode("latin-1"),
            read_fields(query, headers),
            await _body(receive),
            terms=fake.terms(),
            own_authorization=own_authorization,
        )
    except Refused as refused:
        return _refuse(scope, refused)
    client = scope.get("client")
    accepted = fake.accept(publish, scope["thrice.call"], caller_ip=client[0] if client else "")
    if accepted.deduplicated:
        answer = {"messageId": accepted.message_id, "url": publish.url, "deduplicated": True}
        return _json(answer, status_code=202)
    return _json({"messageId": accepted.message_id, "url": publish.url}, status_code=200)


def _json(answer: dict[str, object], *, status_code: int) -> Response:
    return Response(_encode(answer), status_code=status_code, media_type="application/json")


async def _body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


class _PublishFirst:
    """Takes publishes ahead of the router, which matches on the decoded path.

    A destination must never be decoded.
    """

    def __init__(self, rest: ASGIApp) -> None:
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["raw_path"].startswith(PUBLISH_PATH.encode()):
            await self._rest(scope, receive, send)
        elif scope["method"] == "POST":
            await (await _publish(scope, receive))(scope, receive, send)
        else:
            refusal = PlainTextResponse(
                "Method Not Allowed", status_code=405, headers={"Allow": "POST"}
            )
            await refusal(scope, receive, send)


def _routes() -> list[Route]:
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/v2/messages/{message_id}", _get_message),
        ("DELETE", "/v2/messages/{message_id}", _cancel_message),
        ("GET", "/v2/events", _list_log("events", EVENTS_COUNT)),
        ("GET", "/v2/logs", _list_log("logs", LOGS_COUNT)),
        ("POST", "/v2/dlq/retry/{dlq_id}", dlq.retry_dead),
        ("POST", "/v2/dlq/retry", dlq.retry_many),
        ("GET", "/v2/dlq", dlq.list_dead),
        ("DELETE", "/v2/dlq", dlq.delete_many),
        ("GET", "/v2/dlq/{dlq_id}", dlq.get_dead),
        ("DELETE", "/v2/dlq/{dlq_id}", dlq.delete_dead),
        ("GET", "/v2/keys", _get_keys),
        ("POST", "/v2/keys/rotate", _rotate_keys),
    ]
    # Collections are also asked for with a slash at the end.
    return [
        Route(spelling, _endpoint(handler), methods=[method])
        for method, path, handler in table
        for spelling in ((path,) if path.endswith("}") else (path, path + "/"))
    ]


async def _not_found(request: Request, error: Exception) -> Response:
    return await _endpoint(_not_offered)(request)


_routed = Starlette(routes=_routes(), exception_handlers={404: _not_found})
_routed.router.redirect_slashes = False

app: ASGIApp = _PublishFirst(_routed)
