"""What is gRPC's own: framing, status codes, and how unary and streaming calls are answered."""

from emulator.grpc.encoding import encode_with
from emulator.grpc.framing import framed, message_of, messages_of
from emulator.grpc.replies import as_grpc, grpc_error, grpc_reply, is_grpc, method_of
from emulator.grpc.status import Code, GrpcError
from emulator.grpc.surface import answer_grpc
from emulator.grpc.talk import OPEN_METHODS, POLL, STREAM

__all__ = [
    "OPEN_METHODS",
    "POLL",
    "STREAM",
    "Code",
    "GrpcError",
    "answer_grpc",
    "as_grpc",
    "encode_with",
    "framed",
    "grpc_error",
    "grpc_reply",
    "is_grpc",
    "message_of",
    "messages_of",
    "method_of",
]
