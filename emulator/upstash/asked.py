"""What a REST request asks for: one command, or several in one of two ways."""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, unquote_to_bytes

from emulator.exchange import Request
from emulator.redis.command import Words

METHODS = frozenset({"HEAD", "GET", "POST", "PUT"})  # Upstash docs, "REST API", "HTTP Codes"
STREAMS = frozenset({"subscribe", "psubscribe", "monitor"})

Form = Literal["one", "pipeline", "multi-exec", "stream"]


class Malformed(Exception):
    """What is wrong with a request, as it is answered. The words are assumed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The commands of a request, in order."""

    form: Form
    commands: Sequence[Words]


def is_authorized(request: Request, token: str) -> bool:
    """Whether a request has the token, in its header or in its query."""
    given = request.header("authorization") or ""
    scheme, _, value = given.partition(" ")
    if scheme.lower() == "bearer":
        return hmac.compare_digest(value.strip().encode(), token.encode())
    in_query = next((one for name, one in _query(request) if name == "_token"), "")
    return hmac.compare_digest(in_query.encode(), token.encode())


def read(request: Request) -> Asked:
    """What a request asks for. Raises Malformed."""
    path = request.raw_path.strip("/")
    has_body = request.method in ("POST", "PUT")
    if has_body and not path:
        return Asked("one", [_command(_json(request.body))])
    if has_body and path == "pipeline":
        return Asked("pipeline", _commands(_json(request.body)))
    if has_body and path == "multi-exec":
        return Asked("multi-exec", _commands(_json(request.body)))
    words = [unquote_to_bytes(part) for part in path.split("/")] if path else []
    if not words:
        raise Malformed("ERR empty command")
    if words[0].decode("latin-1").lower() in STREAMS:
        return Asked("stream", [words])
    if has_body and request.body:
        words.append(request.body)
    for name, value in _query(request):
        if name != "_token":
            words += [part.encode() for part in (name, value) if part]
    return Asked("one", [words])


def _query(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.raw_query, keep_blank_values=True)


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        raise Malformed("ERR failed to parse the request's body as JSON") from None


def _commands(content: object) -> list[Words]:
    if not isinstance(content, list) or not content:
        raise Malformed("ERR the body has to be an array of commands, each an array")
    return [_command(each) for each in content]


def _command(content: object) -> Words:
    if not isinstance(content, list):
        raise Malformed("ERR a command has to be an array")
    if not content:
        raise Malformed("ERR empty command")
    return [_word(each) for each in content]


def _word(part: object) -> bytes:
    match part:
        case str():
            return part.encode("utf-8", "surrogatepass")
        case bool():
            return b"true" if part else b"false"
        case int():
            return str(part).encode()
        case float():
            return repr(part).removesuffix(".0").encode()
    raise Malformed("ERR a command takes strings and numbers")
