"""The Graph API over HTTP: what is read of a request before anybody looks at its path, and how an
answer is written.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from emulator.exchange import Headers, Reply, Request
from emulator.meta.graph.addressing import Address, Refusal, read_address
from emulator.meta.graph.asked import Body
from emulator.meta.graph.multipart import Upload
from emulator.meta.graph.parameters import read_parameters, read_token, read_uploads

_JSON = ("content-type", "application/json; charset=UTF-8")


@dataclass(frozen=True, slots=True)
class Received:
    """One request. `parameters` is None when the body can not be read, `token` "" without one."""

    method: str
    address: Address
    parameters: Mapping[str, object] | None
    token: str
    uploads: tuple[Upload, ...] = ()
    origin: str = ""


def receive(request: Request) -> Received:
    """What a client wants, from wherever it put it. HEAD is taken for GET."""
    query = request.raw_query
    content_type = request.header("content-type") or ""
    parameters = read_parameters(query, content_type, request.body)
    return Received(
        "GET" if request.method == "HEAD" else request.method,
        read_address(unquote(request.raw_path)),
        parameters,
        read_token(query, request.header("authorization") or "", parameters),
        read_uploads(content_type, request.body),
        request.origin,
    )


def reply_with(
    answer: Body | Refusal, *, version: str, trace_id: str, usage: Headers = ()
) -> Reply:
    """An answer or an error as a reply; `usage` are the headers that tell of limits."""
    headers: Headers = (
        _JSON,
        ("facebook-api-version", version),
        ("x-fb-trace-id", trace_id),
        ("x-fb-request-id", trace_id),
        *usage,
    )
    status = 200
    if isinstance(answer, Refusal):
        status = answer.status
        if answer.code == 190:
            told = f'OAuth "Facebook Platform" "invalid_token" "{answer.message}"'
            headers += (("www-authenticate", told),)
        answer = answer.envelope(trace_id)
    body = json.dumps(answer, separators=(",", ":")).encode()
    return Reply(status, (*headers, ("content-length", str(len(body)))), body)
