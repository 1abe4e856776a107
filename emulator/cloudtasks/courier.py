"""Attempts: the request that the worker sees, made when it is sent."""

from collections.abc import Callable

from emulator.cloudtasks.names import last_part
from emulator.cloudtasks.task import OAuthToken, OidcToken, Task
from emulator.delivery import Delivery
from emulator.exchange import Headers, Outcome, Request
from emulator.google_signing import GoogleKeys, id_token
from emulator.kernel import Kernel

USER_AGENT = "Google-Cloud-Tasks"  # reference, HttpRequest
# Reference, HttpRequest: what a task can not set. `X-CloudTasks-` as in "Handler request headers".
_OWN = ("host", "content-length", "user-agent", "authorization")
_OWN_PREFIXES = ("x-google-", "x-appengine-", "x-cloudtasks-")
_TOKEN_LENGTH = 120


class Courier:
    """Hands attempts to the kernel."""

    def __init__(self, kernel: Kernel, keys: GoogleKeys) -> None:
        self._kernel = kernel
        self._keys = keys

    def send(
        self,
        task: Task,
        on_outcome: Callable[[Outcome], None],
        *,
        due: float,
        name: str,
        on_start: Callable[[], None] | None = None,
    ) -> bool:
        """Have an attempt made at `due` (seconds of the clock), with the counts as they are now.

        Returns False, and never calls back, when the kernel cut what the task works for.
        """
        headers = self._counts(task)
        return self._kernel.deliver(
            Delivery(
                name=name,
                kind="queue",
                due=due,
                build=lambda: self._build(task, name, headers),
                on_outcome=on_outcome,
                timeout_s=task.new.deadline_s,
                roots=task.roots,
                generation=task.generation,
                cause=task.entry,
                routes=task.routes,
                on_start=on_start,
            )
        )

    def _counts(self, task: Task) -> Headers:
        """Cloud Tasks docs, "Create HTTP target tasks", "Handler request headers"."""
        clock = self._kernel.clock
        eta = clock.bot_unix + task.due - clock.now
        headers = [
            ("X-CloudTasks-QueueName", last_part(task.new.queue)),
            ("X-CloudTasks-TaskName", last_part(task.name)),
            ("X-CloudTasks-TaskRetryCount", str(max(0, task.dispatches - 1))),
            ("X-CloudTasks-TaskExecutionCount", str(task.executions)),
            ("X-CloudTasks-TaskETA", f"{eta:.6f}"),
        ]
        if task.previous is not None:
            headers.append(("X-CloudTasks-TaskPreviousResponse", str(task.previous)))
        if task.reason:
            headers.append(("X-CloudTasks-TaskRetryReason", task.reason))
        return tuple(headers)

    def _build(self, task: Task, name: str, counts: Headers) -> Request:
        call = task.new.call
        headers = [
            (key, value)
            for key, value in call.headers
            if key.lower() not in _OWN and not key.lower().startswith(_OWN_PREFIXES)
        ]
        headers.append(("User-Agent", USER_AGENT))
        match call.token:
            case OidcToken(account, audience):
                token = id_token(
                    self._keys.current,
                    audience=audience or call.url,
                    email=account,
                    unix=self._kernel.clock.bot_unix,
                )
                headers.append(("Authorization", f"Bearer {token}"))
            case OAuthToken():
                text = self._kernel.chance.text(f"cloudtasks/token/{name}", _TOKEN_LENGTH)
                headers.append(("Authorization", f"Bearer ya29.c.{text}"))
            case None:
                own = [pair for pair in call.headers if pair[0].lower() == "authorization"]
                headers += own
        return Request(call.method, call.url, (*headers, *counts), call.body)
