"""Refusals of the service, each by its canonical code."""

from typing import Literal

Status = Literal[
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "FAILED_PRECONDITION",
    "UNAUTHENTICATED",
    "UNIMPLEMENTED",
]

# google.rpc.Code: the number of each code, and the HTTP status that it is mapped to.
CODES: dict[Status, tuple[int, int]] = {
    "INVALID_ARGUMENT": (3, 400),
    "NOT_FOUND": (5, 404),
    "ALREADY_EXISTS": (6, 409),
    "FAILED_PRECONDITION": (9, 400),
    "UNIMPLEMENTED": (12, 501),
    "UNAUTHENTICATED": (16, 401),
}


class RefusedError(Exception):
    """A call that is answered with an error; nothing has happened because of it."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    @property
    def code(self) -> int:
        return CODES[self.status][0]

    @property
    def http_status(self) -> int:
        return CODES[self.status][1]


class NotServedError(Exception):
    """The real service does this, the world does not."""


def invalid(message: str) -> RefusedError:
    return RefusedError("INVALID_ARGUMENT", message)


def no_queue() -> RefusedError:
    """Observed, word for word; the same for one that was deleted."""
    return RefusedError(
        "NOT_FOUND",
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue "
        "to initialize.",
    )


def no_task(*, recently: bool) -> RefusedError:
    """For a task that never was, and for one that ended not long ago."""
    if recently:
        return RefusedError(
            "NOT_FOUND",
            "The task no longer exists, though a task with this name existed recently. The task "
            "either successfully completed or was deleted.",
        )
    return RefusedError("NOT_FOUND", "Requested entity was not found.")


def task_exists(*, gone: bool) -> RefusedError:
    """Observed, word for word: the name of a task that is there, or was until not long ago."""
    if gone:
        return RefusedError(
            "ALREADY_EXISTS",
            "The task cannot be created because a task with this name existed too recently. For "
            "more information about task de-duplication see https://cloud.google.com/tasks/docs/"
            "reference/rest/v2/projects.locations.queues.tasks/create#body.request_body.FIELDS.task.",
        )
    return RefusedError("ALREADY_EXISTS", "Requested entity already exists")
