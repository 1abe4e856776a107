"""The HTTP surface of the control API, built once; it finds what is served in the scope.

Wrong input is refused with a JSON object that names what is wrong and the way out.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from emulator.control import (
    acts,
    disturbing,
    evidence,
    people,
    queue_api,
    session,
    timing,
    troubles,
)
from emulator.control.openapi import document
from emulator.control.operation import Answer, Asked, Json, Operation, Refused
from emulator.control.pace import WorldGone
from emulator.control.schema import Schema, Wrong, nearest, parse, read
from emulator.control.shapes import SCHEMAS
from emulator.errors import ScenarioError

if TYPE_CHECKING:
    from emulator.serving import Serving

# Far above a thousand messages of the longest kind that are sensible to write at once.
MAX_BODY_BYTES = 4 * 1024 * 1024
OPENAPI_PATH = "/openapi.json"

OPERATIONS: tuple[Operation, ...] = (
    *session.OPERATIONS,
    *people.OPERATIONS,
    *acts.OPERATIONS,
    *timing.OPERATIONS,
    *troubles.OPERATIONS,
    *disturbing.OPERATIONS,
    *evidence.OPERATIONS,
    *queue_api.OPERATIONS,
)
DOCUMENT = document(OPERATIONS, SCHEMAS)


def _json(content: object, *, status: int, headers: Mapping[str, str] | None = None) -> Response:
    # Escaped, since texts of bots may hold what UTF-8 can not.
    body = json.dumps(content, default=str)
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def refuse(status: int, error: str) -> Response:
    """The answer to a request that is not served."""
    return _json({"error": error}, status=status)


def _sent(answer: Answer) -> Response:
    if answer.lines is None:
        return _json(answer.content, status=answer.status, headers=answer.headers)
    body = "".join(json.dumps(line, default=str) + "\n" for line in answer.lines)
    return Response(body, media_type="application/x-ndjson", headers=answer.headers)


def _read_query(request: Request, schemas: Mapping[str, Schema]) -> Json:
    values: Json = {}
    for name, given in request.query_params.multi_items():
        if name not in schemas:
            near = nearest(name, list(schemas)) or f"; known: {', '.join(schemas) or 'none'}"
            raise Refused(400, f"the parameter {name[:100]!r} is unknown{near}")
        schema = schemas[name]
        if schema["type"] == "array":
            values.setdefault(name, []).append(_from_text(given, schema["items"]))
        elif name in values:
            raise Refused(400, f"the parameter {name} is given more than once")
        else:
            values[name] = _from_text(given, schema)
    whole = {"type": "object", "properties": schemas}
    try:
        result: Json = read(values, whole, "")
    except Wrong as wrong:
        raise Refused(400, f"the parameter {wrong}") from None
    return result


def _from_text(given: str, schema: Schema) -> object:
    """A parameter as the type it is to have; as it is when it can not be read so."""
    if schema["type"] in ("integer", "number"):
        try:
            value = json.loads(given)
        except ValueError:
            return given
        return value if isinstance(value, int | float) else given
    return given


async def _read_body(request: Request, schema: Schema | None) -> Json:
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        raise Refused(413, f"the body is larger than {MAX_BODY_BYTES:,} bytes: send less at once")
    if not body.strip():
        value: object = {}
    elif schema is None:
        raise Refused(400, f"{request.method} {request.url.path} takes no body: send none")
    else:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refused(
                415,
                f"the content-type is {kind[:80] or 'missing'}: send JSON with the header "
                "content-type: application/json",
            )
        try:
            value = parse(body)
        except Wrong as wrong:
            raise Refused(400, str(wrong)) from None
    try:
        result: Json = read(value, schema or {"type": "object"}, "")
    except Wrong as wrong:
        raise Refused(422, str(wrong)) from None
    return result


class _Endpoint:
    """Reads a request for an operation, has it done, and sends what came of it."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation

    async def __call__(self, request: Request) -> Response:
        operation = self._operation
        serving: Serving = request.scope["thrice.serving"]
        try:
            asked = Asked(
                path={name: str(value) for name, value in request.path_params.items()},
                query=_read_query(request, operation.query),
                body=await _read_body(request, operation.body),
            )
            await serving.replaced()
            return _sent(await operation.handler(serving, asked))
        except Refused as refused:
            return refuse(refused.status, str(refused))
        except ScenarioError as error:
            return refuse(422, str(error))
        except WorldGone:
            return refuse(409, "the world was reset while this waited: ask again")


async def _describe(request: Request) -> Response:
    return _json(DOCUMENT, status=200)


def _routes() -> list[BaseRoute]:
    routes: list[BaseRoute] = [Route(OPENAPI_PATH, _describe, methods=["GET"])]
    paths = dict.fromkeys(operation.path for operation in OPERATIONS)
    for path in paths:
        of_it = {one.method: _Endpoint(one) for one in OPERATIONS if one.path == path}
        routes.append(Route(path, _by_method(of_it), methods=list(of_it)))
    return routes


def _by_method(endpoints: Mapping[str, _Endpoint]) -> Any:
    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return endpoint


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        response = refuse(405, f"{path} takes {allowed}, not {request.method}")
        response.headers["Allow"] = allowed
        return response
    return refuse(404, f"there is no {path[:200]}: {OPENAPI_PATH} lists what there is")


app = Starlette(routes=_routes(), exception_handlers={404: _http_error, 405: _http_error})
app.router.redirect_slashes = False
