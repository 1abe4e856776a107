"""Names of queues and tasks: which are right, and what is in them."""

import re

from emulator.cloudtasks.errors import invalid

# Cloud Tasks reference, "Task" and "Queue": what each part may hold.
_LOCATION = r"projects/[A-Za-z0-9.:-]+/locations/[a-z0-9-]+"
_QUEUE = _LOCATION + r"/queues/[A-Za-z0-9-]{1,100}"
_TASK = re.compile(rf"({_QUEUE})/tasks/([A-Za-z0-9_-]{{1,500}})")
_IS_LOCATION = re.compile(_LOCATION)
_IS_QUEUE = re.compile(_QUEUE)


def check_location(name: str) -> str:
    """The name of a location; raises RefusedError for what is none."""
    if not _IS_LOCATION.fullmatch(name):
        raise invalid(
            'Invalid resource field value in the request: parent must be formatted: "projects/'
            '<PROJECT_ID>/locations/<LOCATION_ID>"'
        )
    return name


def check_queue(name: str) -> str:
    """The name of a queue; raises RefusedError for what is none."""
    if not _IS_QUEUE.fullmatch(name):
        raise invalid(
            'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/'
            '<QUEUE_ID>"'
        )
    return name


def queue_of(name: str) -> str:
    """The queue that a task's name says; raises RefusedError for a name that is none."""
    found = _TASK.fullmatch(name)
    if found is None:
        raise invalid(
            'Task name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/'
            '<QUEUE_ID>/tasks/<TASK_ID>"'
        )
    return found[1]


def last_part(name: str) -> str:
    """The short name: what stands behind the last slash."""
    return name.rpartition("/")[2]
