"""The HTTP surface: built once, it finds the fake of the present world in the scope.

A route that is not here is answered 404 and put on record as a finding, so that nobody is certified
against an absence.
"""

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.exchange import Reply
from emulator.qstash import (
    dlq,
    flow_api,
    listing,
    messages_api,
    publishing,
    queues_api,
    schedules_api,
    topics_api,
    workflow_api,
    workflow_dlq,
)
from emulator.qstash.objects import log_cursor, log_object
from emulator.qstash.refusal import NotOffered
from emulator.qstash.surface import Handler, answer, endpoint_of

if TYPE_CHECKING:
    from emulator.qstash.service import QStash

EVENTS_COUNT = 1_000  # both vendor SDKs: default and most for /v2/events
LOGS_COUNT = 100  # QStash REST description: default for /v2/logs


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
        return answer(
            {key: [log_object(entry) for entry in page.records], **log_cursor(page.more_after)}
        )

    return handler


def _get_keys(fake: "QStash", request: Request, body: bytes) -> Response:
    return answer({"current": fake.keys.current, "next": fake.keys.next})


def _rotate_keys(fake: "QStash", request: Request, body: bytes) -> Response:
    fake.rotate_keys()
    return _get_keys(fake, request, body)


def _not_offered(fake: "QStash", request: Request, body: bytes) -> Response:
    raise NotOffered(404, f"{request.method} {request.url.path}")


class _RawFirst:
    """Takes what carries a destination ahead of the router, which matches on the decoded path."""

    def __init__(self, rest: ASGIApp) -> None:
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not publishing.is_raw(scope):
            await self._rest(scope, receive, send)
        elif scope["method"] == "POST":
            await _send(await publishing.answer_raw(scope, receive), send)
        else:
            refusal = PlainTextResponse(
                "Method Not Allowed", status_code=405, headers={"Allow": "POST"}
            )
            await refusal(scope, receive, send)


async def _send(reply: Reply, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    start = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body})


# What the router answers; publishing, enqueueing and making schedules come before it.
TABLE: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/v2/batch", publishing.batch),
    ("GET", "/v2/messages/{message_id}", messages_api.get_message),
    ("DELETE", "/v2/messages/{message_id}", messages_api.cancel_message),
    ("DELETE", "/v2/messages", messages_api.cancel_many),
    ("GET", "/v2/bulkActions", messages_api.list_actions),
    ("GET", "/v2/bulkActions/{action_id}", messages_api.get_action),
    ("POST", "/v2/queues", queues_api.upsert_queue),
    ("GET", "/v2/queues", queues_api.list_queues),
    ("GET", "/v2/queues/{queue}", queues_api.get_queue),
    ("DELETE", "/v2/queues/{queue}", queues_api.delete_queue),
    ("POST", "/v2/queues/{queue}/pause", queues_api.pause_queue),
    ("POST", "/v2/queues/{queue}/resume", queues_api.resume_queue),
    ("GET", "/v2/schedules", schedules_api.list_schedules),
    ("GET", "/v2/schedules/{schedule_id}", schedules_api.get_schedule),
    ("DELETE", "/v2/schedules/{schedule_id}", schedules_api.delete_schedule),
    # The SDKs send PATCH, the REST description has POST.
    ("PATCH", "/v2/schedules/{schedule_id}/pause", schedules_api.pause_schedule),
    ("POST", "/v2/schedules/{schedule_id}/pause", schedules_api.pause_schedule),
    ("PATCH", "/v2/schedules/{schedule_id}/resume", schedules_api.resume_schedule),
    ("POST", "/v2/schedules/{schedule_id}/resume", schedules_api.resume_schedule),
    ("GET", "/v2/topics", topics_api.list_groups),
    ("GET", "/v2/topics/{group}", topics_api.get_group),
    ("DELETE", "/v2/topics/{group}", topics_api.delete_group),
    ("PATCH", "/v2/topics/{group}", topics_api.set_headers),
    ("POST", "/v2/topics/{group}/endpoints", topics_api.upsert_endpoints),
    ("DELETE", "/v2/topics/{group}/endpoints", topics_api.remove_endpoints),
    ("GET", "/v2/flowControl", flow_api.list_keys),
    ("POST", "/v2/flowControl/{key:path}/pause", flow_api.pause_key),
    ("POST", "/v2/flowControl/{key:path}/resume", flow_api.resume_key),
    ("POST", "/v2/flowControl/{key:path}/resetRate", flow_api.reset_rate),
    # The older name (QStash changelog of 2026-02). It counted parallelism anew as well, which is
    # never wrong here.
    ("POST", "/v2/flowControl/{key:path}/reset", flow_api.reset_rate),
    ("POST", "/v2/flowControl/{key:path}/pin", flow_api.pin_key),
    ("POST", "/v2/flowControl/{key:path}/unpin", flow_api.unpin_key),
    ("GET", "/v2/flowControl/{key:path}", flow_api.get_key),
    ("GET", "/v2/globalParallelism", flow_api.global_parallelism),
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
)
# QStash docs, "API rate limiting": what is not counted per second.
_UNCOUNTED = frozenset({"/v2/batch"}) | workflow_api.UNCOUNTED


def _routes() -> list[Route]:
    # Collections are also asked for with a slash at the end.
    hooks = Route(
        workflow_api.HOOK_PATH, workflow_api.hook, methods=list(workflow_api.HOOK_METHODS)
    )
    return [
        hooks,
        *_tabled(),
    ]


def _tabled() -> list[Route]:
    return [
        Route(spelling, endpoint_of(handler, counted=path not in _UNCOUNTED), methods=[method])
        for method, path, handler in (*TABLE, *workflow_dlq.TABLE, *workflow_api.TABLE)
        for spelling in ((path,) if path.endswith("}") else (path, path + "/"))
    ]


async def _not_found(request: Request, error: Exception) -> Response:
    return await endpoint_of(_not_offered)(request)


_routed = Starlette(routes=_routes(), exception_handlers={404: _not_found})
_routed.router.redirect_slashes = False

app: ASGIApp = _RawFirst(_routed)
