"""The part of the HTTP surface for queues."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from emulator.qstash.queues import DEFAULT_PARALLELISM, MessageQueue
from emulator.qstash.refusal import Refused
from emulator.qstash.surface import answer, check_name, read_object

if TYPE_CHECKING:
    from emulator.qstash.service import QStash


def upsert_queue(fake: "QStash", request: Request, body: bytes) -> Response:
    asked = read_object(body)
    name = asked.get("queueName")
    parallelism = asked.get("parallelism", DEFAULT_PARALLELISM)
    paused = asked.get("paused", False)
    if not isinstance(name, str):
        raise Refused(400, "invalid queue name: must be a string")
    check_name("queue", name)
    if not isinstance(parallelism, int) or isinstance(parallelism, bool) or parallelism < 1:
        raise Refused(400, "invalid parallelism: must be a whole number greater than zero")
    if not isinstance(paused, bool):
        raise Refused(400, "invalid paused: must be true or false")
    most = fake.plan.max_queue_parallelism
    if most is not None and parallelism > most:
        raise Refused(412, f"quota maxParallelism exceeded, current limit: {most}")
    queue = fake.engine.queues.provide(name, fake.engine.now_ms)
    queue.parallelism = parallelism
    _set_paused(fake, queue, paused)
    return Response()


def list_queues(fake: "QStash", request: Request, body: bytes) -> Response:
    return answer([_queue_object(queue) for queue in fake.engine.queues.all()])


def get_queue(fake: "QStash", request: Request, body: bytes) -> Response:
    return answer(_queue_object(_named(fake, request)))


def delete_queue(fake: "QStash", request: Request, body: bytes) -> Response:
    """Deleting what is not there is no error."""
    fake.engine.queues.delete(_name(request))
    return Response()


def pause_queue(fake: "QStash", request: Request, body: bytes) -> Response:
    _set_paused(fake, _named(fake, request), True)
    return Response()


def resume_queue(fake: "QStash", request: Request, body: bytes) -> Response:
    _set_paused(fake, _named(fake, request), False)
    return Response()


def _set_paused(fake: "QStash", queue: MessageQueue, paused: bool) -> None:
    queue.paused = paused
    queue.updated_ms = fake.engine.now_ms
    fake.engine.queues.changed(queue)


def _name(request: Request) -> str:
    return check_name("queue", str(request.path_params["queue"]))


def _named(fake: "QStash", request: Request) -> MessageQueue:
    name = _name(request)
    queue = fake.engine.queues.find(name)
    if queue is None:
        raise Refused(404, f"queue {name} not found")
    return queue


def _queue_object(queue: MessageQueue) -> dict[str, object]:
    return {
        "name": queue.name,
        "parallelism": queue.parallelism,
        "createdAt": queue.created_ms,
        "updatedAt": queue.updated_ms,
        "lag": queue.lag,
        "paused": queue.paused,
    }
