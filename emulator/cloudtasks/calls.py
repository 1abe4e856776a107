"""The methods of the service, from the JSON of a request to that of its answer; the same for REST
and gRPC.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from emulator.chance import DIGITS
from emulator.cloudtasks.errors import RefusedError, invalid
from emulator.cloudtasks.given import Given, shown_time
from emulator.cloudtasks.names import check_location, check_queue, queue_of
from emulator.cloudtasks.shapes import (
    VIEWS,
    Shown,
    View,
    read_queue,
    read_task,
    show_queue,
    show_task,
)
from emulator.cloudtasks.task import NewTask, Task

if TYPE_CHECKING:
    from emulator.call import Call
    from emulator.cloudtasks.service import CloudTasks

T = TypeVar("T")

_TYPES = "type.googleapis.com/google.cloud.tasks.v2."
_OPERATION_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its fields as JSON, and the bot's call if a bot made it."""

    fake: "CloudTasks"
    given: Given
    call: "Call | None"


def _create_task(asked: Asked) -> Shown:
    given, fake = asked.given, asked.fake
    parent, view = given.text("parent"), _view(given)
    new = read_task(given.part("task"), parent, fake.rules, fake.kernel.clock.bot_unix)
    given.end()
    return _create(asked, new, view)


def _create(asked: Asked, new: NewTask, view: View) -> Shown:
    engine = asked.fake.engine
    task = engine.create(new, asked.fake.origin(asked.call, new))
    # As it is before it begins.
    shown = _shown(asked, task, view)
    engine.begin(task)
    return shown


def _batch_create(asked: Asked) -> Shown:
    given, fake, now = asked.given, asked.fake, asked.fake.kernel.clock.unix
    parent = check_queue(given.text("parent"))
    requests = given.parts("requests")
    given.ignore("requestId")
    given.end()
    if not 0 < len(requests) <= fake.rules.max_batch:
        raise invalid(f"The number of requests must be from 1 to {fake.rules.max_batch}.")
    fake.engine.queue(parent)
    made: list[Shown] = []
    failed: dict[str, Shown] = {}
    for number, one in enumerate(requests):
        try:
            if one.text("parent", parent) != parent:
                raise invalid("The parent of each request must be that of the batch.")
            view = _view(one)
            new = read_task(one.part("task"), parent, fake.rules, fake.kernel.clock.bot_unix)
            one.end()
            made.append(_create(asked, new, view))
        except RefusedError as refused:
            failed[str(number)] = {"code": refused.code, "message": refused.message}
    response: Shown = {"@type": _TYPES + "BatchCreateTasksResponse", "tasks": made}
    return _operation(asked, parent, "BatchCreateTasksMetadata", now, failed, made, response)


def _batch_delete(asked: Asked) -> Shown:
    given, fake, now = asked.given, asked.fake, asked.fake.kernel.clock.unix
    parent = check_queue(given.text("parent"))
    names = given.words("names")
    given.ignore("requestId")
    given.end()
    if not 0 < len(names) <= fake.rules.max_batch_delete:
        raise invalid(f"The number of names must be from 1 to {fake.rules.max_batch_delete}.")
    fake.engine.queue(parent)
    gone: list[Shown] = []
    failed: dict[str, Shown] = {}
    for number, name in enumerate(names):
        try:
            if queue_of(name) != parent:
                raise invalid("The parent of each task must be that of the batch.")
            fake.engine.delete(name)
        except RefusedError as refused:
            failed[str(number)] = {"code": refused.code, "message": refused.message}
        else:
            gone.append({})
    response: Shown = {"@type": "type.googleapis.com/google.protobuf.Empty", "value": {}}
    return _operation(asked, parent, "BatchDeleteTasksMetadata", now, failed, gone, response)


def _operation(
    asked: Asked,
    parent: str,
    metadata: str,
    now: float,
    failed: Mapping[str, Shown],
    made: Sequence[Shown],
    response: Shown,
) -> Shown:
    """A long-running operation that is over."""
    fake = asked.fake
    state = "PARTIALLY_SUCCEEDED" if failed else "SUCCEEDED"
    place = parent.rpartition("/queues/")[0]
    number = fake.kernel.chance.text(
        f"cloudtasks/operation/{fake.cause(asked.call)}", _OPERATION_LENGTH, DIGITS
    )
    shown: Shown = {
        "name": f"{place}/operations/{number}",
        "metadata": {
            "@type": _TYPES + metadata,
            "startTime": shown_time(now),
            "endTime": shown_time(now),
            "state": state if made or not failed else "FAILED",
            **({"failedRequests": failed} if failed else {}),
        },
        "done": True,
    }
    if made or not failed:
        shown["response"] = response
    else:
        # Reference, BatchDeleteTasksMetadata: what is said when all failed.
        shown["error"] = {
            "code": 10,
            "message": "None of the requests succeeded, refer to "
            f"{metadata}.failed_requests for individual error details",
        }
    return shown


def _get_task(asked: Asked) -> Shown:
    name, view = asked.given.text("name"), _view(asked.given)
    asked.given.end()
    return _shown(asked, asked.fake.engine.task(name), view)


def _list_tasks(asked: Asked) -> Shown:
    given, fake = asked.given, asked.fake
    queue = fake.engine.queue(check_queue(given.text("parent")))
    view, page = _view(given), _Page(given, fake.rules.max_page)
    given.end()
    tasks, token = page.of(list(queue.tasks.values()), lambda task: task.name)
    return _listed("tasks", [_shown(asked, task, view) for task in tasks], token)


def _delete_task(asked: Asked) -> Shown:
    name = asked.given.text("name")
    asked.given.end()
    asked.fake.engine.delete(name)
    return {}


def _run_task(asked: Asked) -> Shown:
    name, view = asked.given.text("name"), _view(asked.given)
    asked.given.end()
    task = asked.fake.engine.task(name)
    # Reference, RunTask: the answer is of before the dispatch.
    shown = _shown(asked, task, view)
    asked.fake.engine.run(task)
    return shown


def _create_queue(asked: Asked) -> Shown:
    given = asked.given
    parent = check_location(given.text("parent"))
    content = given.part("queue")
    given.end()
    name = check_queue(content.text("name") if content is not None else "")
    if content is None or name.rpartition("/queues/")[0] != parent:
        raise invalid("The location from request parent and queue name do not match.")
    queue = read_queue(content, name, asked.fake.rules)
    asked.fake.engine.add_queue(queue)
    return show_queue(queue)


def _update_queue(asked: Asked) -> Shown:
    """Reference, UpdateQueue: a queue that is not there is made; without a mask all is updated."""
    given, fake = asked.given, asked.fake
    content, mask = given.part("queue"), given.text("updateMask")
    given.end()
    name = check_queue(content.text("name") if content is not None else "")
    if content is None:
        raise invalid("Queue must be specified.")
    before = fake.engine.queues.get(name)
    if before is None:
        queue = read_queue(content, name, fake.rules)
        fake.engine.add_queue(queue)
        return show_queue(queue)
    masked = [path.strip() for path in mask.split(",")] if mask else list(_UPDATABLE)
    for path in masked:
        if path.split(".")[0] not in _UPDATABLE:
            raise invalid(f"The field path '{path}' can not be updated.")
    # What is named as a whole is replaced, a part of it changes that part.
    parts = {path.split(".")[0] for path in masked if "." in path}
    after = read_queue(content, name, fake.rules, before if parts else None)
    for attribute in {_UPDATABLE[path.split(".")[0]] for path in masked}:
        setattr(before, attribute, getattr(after, attribute))
    before.tokens = min(before.tokens, float(before.rates.max_burst_size))
    fake.engine.traffic.pump(before)
    return show_queue(before)


# What can be updated, by either name, and where a queue has it.
_UPDATABLE: Mapping[str, str] = {
    "rateLimits": "rates",
    "rate_limits": "rates",
    "retryConfig": "retry",
    "retry_config": "retry",
    "stackdriverLoggingConfig": "sampling_ratio",
    "stackdriver_logging_config": "sampling_ratio",
}


def _get_queue(asked: Asked) -> Shown:
    name = asked.given.text("name")
    asked.given.end()
    return show_queue(asked.fake.engine.queue(check_queue(name)))


def _list_queues(asked: Asked) -> Shown:
    given, fake = asked.given, asked.fake
    parent = check_location(given.text("parent"))
    page = _Page(given, fake.rules.max_page)
    if given.text("filter"):
        raise invalid("Filters of queues are not served here.")
    given.end()
    own = [queue for queue in fake.engine.queues.values() if queue.name.startswith(parent + "/")]
    queues, token = page.of(own, lambda queue: queue.name)
    return _listed("queues", [show_queue(queue) for queue in queues], token)


def _delete_queue(asked: Asked) -> Shown:
    name = asked.given.text("name")
    asked.given.end()
    asked.fake.engine.delete_queue(check_queue(name))
    return {}


def _pause_queue(asked: Asked) -> Shown:
    queue = asked.fake.engine.queue(_own_name(asked))
    asked.fake.engine.pause(queue)
    return show_queue(queue)


def _resume_queue(asked: Asked) -> Shown:
    queue = asked.fake.engine.queue(_own_name(asked))
    asked.fake.engine.resume(queue)
    return show_queue(queue)


def _purge_queue(asked: Asked) -> Shown:
    queue = asked.fake.engine.queue(_own_name(asked))
    asked.fake.engine.purge(queue)
    queue.purged_unix = asked.fake.kernel.clock.unix
    return show_queue(queue)


METHODS: Mapping[str, Callable[[Asked], Shown]] = {
    "CreateTask": _create_task,
    "BatchCreateTasks": _batch_create,
    "BatchDeleteTasks": _batch_delete,
    "GetTask": _get_task,
    "ListTasks": _list_tasks,
    "DeleteTask": _delete_task,
    "RunTask": _run_task,
    "CreateQueue": _create_queue,
    "UpdateQueue": _update_queue,
    "GetQueue": _get_queue,
    "ListQueues": _list_queues,
    "DeleteQueue": _delete_queue,
    "PauseQueue": _pause_queue,
    "ResumeQueue": _resume_queue,
    "PurgeQueue": _purge_queue,
}


def _own_name(asked: Asked) -> str:
    name = check_queue(asked.given.text("name"))
    asked.given.end()
    return name


def _view(given: Given) -> View:
    return "FULL" if given.choice("responseView", VIEWS, "BASIC") == "FULL" else "BASIC"


def _shown(asked: Asked, task: Task, view: View) -> Shown:
    clock = asked.fake.kernel.clock
    return show_task(task, view, clock.bot_unix + task.due - clock.now)


def _listed(key: str, shown: Sequence[Shown], token: str) -> Shown:
    found: Shown = {key: shown} if shown else {}
    return {**found, **({"nextPageToken": token} if token else {})}


class _Page:
    """Which part of a list is asked for. A page begins behind a name, so that what comes and goes
    in between moves nothing.
    """

    def __init__(self, given: Given, most: int) -> None:
        size = given.whole("pageSize", 0)
        if size < 0:
            raise invalid("The page size must not be negative.")
        self._size = min(size or most, most)
        self._after = given.text("pageToken")

    def of(self, things: Sequence[T], name: Callable[[T], str]) -> tuple[list[T], str]:
        ordered = sorted(things, key=name)
        if self._after:
            try:
                after = json.loads(self._after)
            except ValueError:
                after = None
            if not isinstance(after, str):
                raise invalid("The page token is invalid.")
            ordered = [thing for thing in ordered if name(thing) > after]
        page = list(islice(ordered, self._size))
        return page, json.dumps(name(page[-1])) if len(ordered) > len(page) else ""
