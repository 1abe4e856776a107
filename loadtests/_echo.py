"""The limit that the publish of the queue is measured against: Starlette that answers what it was
sent.
"""

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def echo(request: Request) -> JSONResponse:
    return JSONResponse(json.loads(await request.body()))


app = Starlette(routes=[Route("/{path:path}", echo, methods=["POST"])])
