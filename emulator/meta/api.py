"""The HTTP surface of the Graph API: a thin Starlette application, the same for all worlds."""

import json
from collections.abc import Mapping
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from emulator.call import Call
from emulator.meta.graph import Refusal, read_address, unsupported
from emulator.meta.parameters import read_parameters, read_token


class Graph(Protocol):
    """The fake behind the surface; found in the scope as `thrice.fake`."""

    def refuse_token(self, token: str) -> Refusal | None:
        """What is wrong with an access token, if anything."""

    def send(
        self, node: str, parameters: Mapping[str, object] | None, call: Call | None
    ) -> Mapping[str, object] | Refusal | None:
        """Apply a send of `node`; the body of the answer, or None when there is no such node."""

    def profile(
        self, node: str, parameters: Mapping[str, object] | None
    ) -> Mapping[str, object] | Refusal | None:
        """What is known of `node`, or None when there is no such node."""

    def subscribed_apps(
        self, node: str, method: str, parameters: Mapping[str, object] | None
    ) -> Mapping[str, object] | Refusal | None:
        """Show or change the app's subscription to `node`, or None when there is no such node."""

    def trace_id(self, call: Call | None) -> str:
        """The id of this exchange; asked once."""


async def graph_app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application. Any version prefix will do, so that paths are routed without theirs."""
    address = read_address(scope["path"])
    await _surface({**scope, "path": address.path, "thrice.address": address}, receive, send)


async def _messages(request: Request) -> Response:
    fake: Graph = request.scope["thrice.fake"]
    parameters, refusal = await _admit(request)
    if refusal is not None:
        return _refuse(request, refusal)
    return _conclude(
        request,
        fake.send(request.path_params["node"], parameters, request.scope["thrice.call"]),
    )


async def _profile(request: Request) -> Response:
    fake: Graph = request.scope["thrice.fake"]
    parameters, refusal = await _admit(request)
    if refusal is not None:
        return _refuse(request, refusal)
    return _conclude(request, fake.profile(request.path_params["node"], parameters))


async def _subscribed_apps(request: Request) -> Response:
    fake: Graph = request.scope["thrice.fake"]
    parameters, refusal = await _admit(request)
    if refusal is not None:
        return _refuse(request, refusal)
    # Starlette takes HEAD for GET.
    method = "GET" if request.method == "HEAD" else request.method
    return _conclude(request, fake.subscribed_apps(request.path_params["node"], method, parameters))


async def _unsupported(request: Request, _error: Exception) -> Response:
    _, refusal = await _admit(request)
    return _refuse(request, refusal or unsupported(request.method, request.scope["thrice.address"]))


async def _admit(request: Request) -> tuple[Mapping[str, object] | None, Refusal | None]:
    """The parameters, and the refusal of the token if it is not right."""
    query = request.scope["query_string"].decode("latin-1")
    parameters = read_parameters(
        query, request.headers.get("content-type", ""), await request.body()
    )
    token = read_token(query, request.headers.get("authorization", ""), parameters)
    return parameters, request.scope["thrice.fake"].refuse_token(token)


def _conclude(request: Request, answer: Mapping[str, object] | Refusal | None) -> Response:
    fake: Graph = request.scope["thrice.fake"]
    if answer is None:
        return _refuse(request, unsupported(request.method, request.scope["thrice.address"]))
    if isinstance(answer, Refusal):
        return _refuse(request, answer)
    return _respond(request, 200, answer, fake.trace_id(request.scope["thrice.call"]))


def _refuse(request: Request, refusal: Refusal) -> Response:
    fake: Graph = request.scope["thrice.fake"]
    trace_id = fake.trace_id(request.scope["thrice.call"])
    response = _respond(request, refusal.status, refusal.envelope(trace_id), trace_id)
    if refusal.code == 190:
        response.headers["WWW-Authenticate"] = (
            f'OAuth "Facebook Platform" "invalid_token" "{refusal.message}"'
        )
    return response


def _respond(request: Request, status: int, body: Mapping[str, object], trace_id: str) -> Response:
    return Response(
        json.dumps(body, separators=(",", ":")),
        status,
        {
            "Content-Type": "application/json; charset=UTF-8",
            "facebook-api-version": request.scope["thrice.address"].version,
            "x-fb-trace-id": trace_id,
            "x-fb-request-id": trace_id,
            "x-app-usage": '{"call_count":0,"total_time":0,"total_cputime":0}',
        },
    )


_surface = Starlette(
    routes=[
        Route("/{node}/messages", _messages, methods=["POST"]),
        Route("/{node}/subscribed_apps", _subscribed_apps, methods=["GET", "POST", "DELETE"]),
        Route("/{node}", _profile, methods=["GET"]),
    ],
    exception_handlers={HTTPException: _unsupported},
)
_surface.router.redirect_slashes = False
