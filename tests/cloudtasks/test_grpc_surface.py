"""The gRPC surface beside the REST one."""

import sys

import pytest
from google.cloud.tasks_v2 import types
from google.longrunning import operations_pb2
from google.protobuf import duration_pb2, timestamp_pb2

from emulator.cloudtasks import ORIGIN, QUEUE
from emulator.cloudtasks.access import access_of
from emulator.cloudtasks.calls import METHODS
from emulator.cloudtasks.grpc_surface import _MESSAGES, SERVICE
from emulator.exchange import Reply, Request
from emulator.grpc import framed, message_of
from tests.cloudtasks.support import BEARER, LOCATION, URL, Bench, at

NAME = f"{QUEUE}/tasks/one"
GRPC = (("content-type", "application/grpc"), *BEARER)


def request(method: str, asked: object) -> Request:
    content = type(asked).serialize(asked)  # type: ignore[attr-defined]
    return Request("POST", f"{ORIGIN}{SERVICE}{method}", GRPC, framed([content]))


def ask(bench: Bench, method: str, asked: object) -> Reply:
    return bench.tasks.handle(request(method, asked))


def task(**fields: object) -> types.Task:
    return types.Task(name=NAME, http_request=types.HttpRequest(url=URL, body=b"hi"), **fields)


def test_create__answers_a_task() -> None:
    bench = Bench()
    reply = ask(bench, "CreateTask", types.CreateTaskRequest(parent=QUEUE, task=task()))
    assert reply.header("grpc-status") == "0"
    made = types.Task.deserialize(message_of(reply.body))
    assert made.name == NAME
    assert made.http_request.http_method == types.HttpMethod.POST
    assert made.http_request.body == b""
    bench.run()
    assert bench.seen[0][1].body == b"hi"


def test_create__schedule_and_deadline() -> None:
    bench = Bench(None)
    when = timestamp_pb2.Timestamp(seconds=1_790_000_060)
    asked = task(schedule_time=when, dispatch_deadline=duration_pb2.Duration(seconds=20))
    ask(bench, "CreateTask", types.CreateTaskRequest(parent=QUEUE, task=asked))
    bench.run(100.0)
    assert bench.times == [60.0, 80.1, 100.0] or bench.times[:2] == [60.0, 80.1]


def test_errors__have_their_code_and_words() -> None:
    bench = Bench()
    asked = types.CreateTaskRequest(parent=QUEUE, task=task())
    ask(bench, "CreateTask", asked)
    reply = ask(bench, "CreateTask", asked)
    assert (reply.header("grpc-status"), reply.header("grpc-message")) == (
        "6",
        "Requested entity already exists",
    )


def test_batch__is_an_operation() -> None:
    bench = Bench()
    one = types.CreateTaskRequest(parent=QUEUE, task=task())
    asked = types.BatchCreateTasksRequest(parent=QUEUE, requests=[one, one])
    reply = ask(bench, "BatchCreateTasks", asked)
    operation = operations_pb2.Operation.FromString(message_of(reply.body))
    made = types.BatchCreateTasksResponse.pb()()
    assert operation.response.Unpack(made)
    assert [each.name for each in made.tasks] == [NAME]
    said = types.BatchCreateTasksMetadata.pb()()
    assert operation.metadata.Unpack(said)
    assert dict(said.failed_requests)[1].code == 6


def test_every_method_is_served() -> None:
    bench = Bench()
    bench.made("one", scheduleTime=at(bench, 600))
    for method in METHODS:
        asked = getattr(types, _MESSAGES[method][0])()
        reply = ask(bench, method, asked)
        # What is empty is refused by the method itself.
        assert reply.header("grpc-status") in ("3", "5"), method
    assert not list(bench.kernel.journal.entries("finding"))


def test_queue__shows_what_rest_does() -> None:
    bench = Bench()
    reply = ask(bench, "GetQueue", types.GetQueueRequest(name=QUEUE))
    queue = types.Queue.deserialize(message_of(reply.body))
    assert queue.rate_limits.max_dispatches_per_second == 500
    assert queue.state == types.Queue.State.RUNNING


def test_queue__update_by_mask() -> None:
    bench = Bench()
    queue = types.Queue(name=QUEUE, rate_limits=types.RateLimits(max_dispatches_per_second=2))
    asked = types.UpdateQueueRequest(queue=queue, update_mask={"paths": ["rate_limits"]})
    reply = ask(bench, "UpdateQueue", asked)
    assert types.Queue.deserialize(message_of(reply.body)).rate_limits.max_burst_size == 2


def test_list__queues() -> None:
    reply = ask(Bench(), "ListQueues", types.ListQueuesRequest(parent=LOCATION))
    listed = types.ListQueuesResponse.deserialize(message_of(reply.body))
    assert [queue.name for queue in listed.queues] == [QUEUE]


def test_credentials__are_needed() -> None:
    content = framed([types.GetQueueRequest.serialize(types.GetQueueRequest(name=QUEUE))])
    bare = (("content-type", "application/grpc"),)
    reply = Bench().tasks.handle(Request("POST", f"{ORIGIN}{SERVICE}GetQueue", bare, content))
    assert reply.header("grpc-status") == "16"


def test_method__unknown_is_a_finding() -> None:
    bench = Bench()
    reply = ask(bench, "GetIamPolicy", types.GetQueueRequest(name=QUEUE))
    assert reply.header("grpc-status") == "12"
    (finding,) = bench.kernel.journal.entries("finding")
    assert finding.detail["what"] == f"the method {SERVICE}GetIamPolicy"


def test_access__is_that_of_rest() -> None:
    asked = types.CreateTaskRequest(parent=QUEUE, task=task())
    found = access_of(request("CreateTask", asked), 1)
    assert (found.verb, set(found.writes)) == ("publish", {f"cloudtasks:{NAME}"})


def test_package__missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from emulator.cloudtasks import grpc_surface

    grpc_surface._classes.cache_clear()
    monkeypatch.setitem(sys.modules, "google.cloud.tasks_v2", None)
    bench = Bench()
    reply = ask(bench, "GetQueue", types.GetQueueRequest(name=QUEUE))
    assert reply.header("grpc-status") == "12"
    assert "pip install 'thrice[cloudtasks]'" in (reply.header("grpc-message") or "")
    (finding,) = bench.kernel.journal.entries("finding")
    assert finding.detail["what"] == grpc_surface.MISSING
    grpc_surface._classes.cache_clear()
