"""A fake's gRPC surface: finds the method, hands it the message, frames what it says."""

from collections.abc import Callable, Iterable, Mapping

from emulator.exchange import Reply, Request
from emulator.grpc.framing import message_of
from emulator.grpc.replies import grpc_error, grpc_reply
from emulator.grpc.status import Code, GrpcError

# A serialised message in; serialised messages out, one of a unary method.
Method = Callable[[bytes], Iterable[bytes]]


def answer_grpc(
    request: Request,
    methods: Mapping[str, Method],
    *,
    on_unknown: Callable[[str], None] = lambda path: None,
) -> Reply:
    """Answer a call by the method at its path (`/package.Service/Method`).

    A method raises GrpcError to refuse. A path that is not among `methods` is UNIMPLEMENTED, and
    `on_unknown` is told of it, for a finding.
    """
    method = methods.get(request.raw_path)
    try:
        if method is None:
            on_unknown(request.raw_path)
            raise GrpcError(Code.UNIMPLEMENTED, f"Method not found: {request.raw_path}")
        return grpc_reply(method(message_of(request.body)))
    except GrpcError as error:
        return grpc_error(error.code, error.message)
