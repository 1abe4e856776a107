"""The gRPC surface: each call is turned into the JSON of its message, answered as over REST, and
turned back. The only module that needs Google's protobufs.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from emulator.cloudtasks.calls import METHODS, Asked
from emulator.cloudtasks.errors import NotServedError, RefusedError
from emulator.cloudtasks.given import Given
from emulator.exchange import Reply, Request
from emulator.grpc import Code, GrpcError, answer_grpc, grpc_error, message_of

if TYPE_CHECKING:
    from emulator.call import Call
    from emulator.cloudtasks.service import CloudTasks

SERVICE = "/google.cloud.tasks.v2.CloudTasks/"
MISSING = (
    "this gRPC surface needs google-cloud-tasks, which is not installed: "
    "pip install 'thrice[cloudtasks]'"
)
# What each method is asked with and answers: names of messages, of this API unless they have dots.
_MESSAGES: Mapping[str, tuple[str, str]] = {
    "CreateTask": ("CreateTaskRequest", "Task"),
    "BatchCreateTasks": ("BatchCreateTasksRequest", "google.longrunning.Operation"),
    "BatchDeleteTasks": ("BatchDeleteTasksRequest", "google.longrunning.Operation"),
    "GetTask": ("GetTaskRequest", "Task"),
    "ListTasks": ("ListTasksRequest", "ListTasksResponse"),
    "DeleteTask": ("DeleteTaskRequest", "google.protobuf.Empty"),
    "RunTask": ("RunTaskRequest", "Task"),
    "CreateQueue": ("CreateQueueRequest", "Queue"),
    "UpdateQueue": ("UpdateQueueRequest", "Queue"),
    "GetQueue": ("GetQueueRequest", "Queue"),
    "ListQueues": ("ListQueuesRequest", "ListQueuesResponse"),
    "DeleteQueue": ("DeleteQueueRequest", "google.protobuf.Empty"),
    "PauseQueue": ("PauseQueueRequest", "Queue"),
    "ResumeQueue": ("ResumeQueueRequest", "Queue"),
    "PurgeQueue": ("PurgeQueueRequest", "Queue"),
}


def answer(fake: "CloudTasks", request: Request, call: "Call | None") -> Reply:
    """Answer a gRPC call."""
    try:
        _classes()
    except ModuleNotFoundError:
        fake.note_not_served(MISSING, call)
        return grpc_error(Code.UNIMPLEMENTED, MISSING)
    if not (request.header("authorization") or "").startswith("Bearer "):
        from emulator.cloudtasks.service import UNAUTHENTICATED

        return grpc_error(Code.UNAUTHENTICATED, UNAUTHENTICATED)
    methods = {SERVICE + name: _method(fake, name, call) for name in METHODS}
    return answer_grpc(
        request, methods, on_unknown=lambda path: fake.note_not_served(f"the method {path}", call)
    )


def read_call(request: Request) -> tuple[str, dict[str, Any]] | None:
    """The name of the method that is called, and its fields as JSON; None for an unknown one.

    Raises GrpcError for what is no message, and ModuleNotFoundError without the protobufs.
    """
    path = request.raw_path
    name = path.removeprefix(SERVICE)
    if path == name or name not in METHODS:
        return None
    return name, _read(name, message_of(request.body))


def _method(fake: "CloudTasks", name: str, call: "Call | None") -> Any:
    def method(message: bytes) -> Iterable[bytes]:
        try:
            fields = _read(name, message)
            return [_written(name, METHODS[name](Asked(fake, Given(fields), call)))]
        except RefusedError as refused:
            raise GrpcError(Code(refused.code), refused.message) from None
        except NotServedError as error:
            fake.note_not_served(str(error), call)
            raise GrpcError(Code.UNIMPLEMENTED, f"{error} are not served here") from None

    return method


def _read(name: str, message: bytes) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError

    try:
        asked = _classes()[_MESSAGES[name][0]].FromString(message)
    except DecodeError as error:
        raise GrpcError(Code.INTERNAL, f"Failed to parse request: {error}") from None
    fields: dict[str, Any] = MessageToDict(asked)
    return fields


def _written(name: str, content: Mapping[str, object]) -> bytes:
    from google.protobuf.json_format import Parse

    # By the text: keys of maps are strings there, as in the answers over REST.
    reply = Parse(json.dumps(content), _classes()[_MESSAGES[name][1]]())
    written: bytes = reply.SerializeToString(deterministic=True)
    return written


@cache
def _classes() -> Mapping[str, Any]:
    """The classes of the messages; loading them takes half a second, so only when one is needed."""
    from google.cloud.tasks_v2 import types
    from google.longrunning import operations_pb2
    from google.protobuf import empty_pb2

    named = {name for pair in _MESSAGES.values() for name in pair if "." not in name}
    # The raw classes: the wrapped ones take several times as long.
    own = {name: getattr(types, name).pb() for name in sorted(named)}
    return {
        **own,
        "google.longrunning.Operation": operations_pb2.Operation,
        "google.protobuf.Empty": empty_pb2.Empty,
    }
