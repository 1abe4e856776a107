"""gRPC answers as plain replies: framed messages, and among the headers the trailers, which the
HTTP/2 connection sends behind the body.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import quote

from emulator.exchange import Failure, Headers, Outcome, Reply, Request
from emulator.grpc.encoding import encoder_of
from emulator.grpc.framing import framed
from emulator.grpc.status import Code, code_of_http
from emulator.grpc.talk import OPEN_METHODS

CONTENT_TYPE = "application/grpc"
# What ends a call; where one of these is among a reply's headers, it goes into the trailers.
STATUS, MESSAGE, DETAILS = "grpc-status", "grpc-message", "grpc-status-details-bin"
TRAILERS = frozenset({STATUS, MESSAGE, DETAILS})


def is_grpc(message: Request | Reply) -> bool:
    """Whether it is a gRPC call, or the answer to one."""
    return (message.header("content-type") or "").lower().startswith(CONTENT_TYPE)


def method_of(request: Request) -> tuple[str, str]:
    """Service and method: `google.firestore.v1.Firestore`, `Commit`; "" where there is none."""
    service, _, method = request.raw_path.removeprefix("/").partition("/")
    return service, method


def grpc_reply(messages: Iterable[bytes] = (), *, ends: bool = True) -> Reply:
    """A call that went well: these messages (serialised, not framed), and the end of the call
    unless it stays open.
    """
    headers: Headers = (("content-type", CONTENT_TYPE),)
    if ends:
        headers += ((STATUS, "0"),)
    return Reply(200, headers, framed(messages))


def grpc_error(code: int, message: str, messages: Iterable[bytes] = ()) -> Reply:
    """A call that ended with an error, perhaps after some messages."""
    headers = (
        ("content-type", CONTENT_TYPE),
        (STATUS, str(int(code))),
        # gRPC, "gRPC over HTTP2": UTF-8, percent-encoded.
        (MESSAGE, quote(message, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")),
    )
    return Reply(200, headers, framed(messages))


def as_grpc(outcome: Outcome, request: Request) -> Reply:
    """What a gRPC client is told of any outcome of its call.

    A good plain reply is encoded if its service has named an encoder. One with an error of a Google
    API keeps its status and message; any other one means what clients make of its HTTP status. A
    connection that fails ends the call as UNAVAILABLE, as clients report it themselves: other calls
    on the connection are not touched.
    """
    if isinstance(outcome, Failure):
        return grpc_error(Code.UNAVAILABLE, outcome.message or f"connection {outcome.kind}")
    if is_grpc(outcome):
        return outcome
    encoder = encoder_of(method_of(request)[0])
    if encoder is not None and outcome.ok:
        try:
            messages = encoder(request, outcome)
        except Exception as reason:  # a client that is told nothing waits for a minute
            return grpc_error(Code.INTERNAL, f"The answer can not be encoded: {reason}")
        return grpc_reply(messages, ends=request.raw_path not in OPEN_METHODS)
    code, message = code_of_http(outcome.status), f"HTTP status {outcome.status}"
    with suppress(ValueError, TypeError, KeyError, LookupError):
        said = json.loads(outcome.body)
        error = (said[0] if isinstance(said, list) else said)["error"]
        code, message = Code[error["status"]], str(error["message"])
    return grpc_error(code, message)
