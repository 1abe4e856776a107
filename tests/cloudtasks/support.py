"""A fake Cloud Tasks with a worker that answers as it is told."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.clock import VIRTUAL_EPOCH
from emulator.cloudtasks import ORIGIN, QUEUE, CloudTasks, Rules
from emulator.cloudtasks.given import shown_time
from emulator.delivery import Delivery
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel

WORKER = "https://worker.example.com"
URL = f"{WORKER}/work"
ACCOUNT = "caller@demo-thrice.iam.gserviceaccount.com"
LOCATION = QUEUE.rpartition("/queues/")[0]
BEARER = (("Authorization", "Bearer any"),)

Answer = Outcome | None


class Bench:
    """A kernel, the service, and a worker. `seen` are the requests that the worker got, and when;
    it answers with `answers` in turn, then with the last of them. None keeps it from answering.
    """

    def __init__(
        self,
        *answers: Answer,
        rules: Rules | None = None,
        takes_s: float = 0.0,
        epoch: float = VIRTUAL_EPOCH,
    ) -> None:
        self.kernel = Kernel(epoch=epoch)
        self.tasks = CloudTasks(self.kernel, rules=rules or Rules())
        self.answers: Sequence[Answer] = answers or (Reply(200),)
        self.seen: list[tuple[float, Request]] = []
        self.at_once = self.most_at_once = 0
        self._takes_s = takes_s
        self.kernel.origins[WORKER] = self

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        answer = self.answers[min(len(self.seen), len(self.answers) - 1)]
        self.seen.append((self.now, request))
        if answer is None:
            return
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)

        def finish() -> None:
            self.at_once -= 1
            done(answer)

        if self._takes_s:
            self.kernel.at(self.now + self._takes_s, delivery.name + "/worked", finish)
        else:
            finish()

    @property
    def now(self) -> float:
        return self.kernel.clock.now

    @property
    def times(self) -> list[float]:
        return [round(at, 3) for at, _ in self.seen]

    def header(self, name: str, number: int = -1) -> str | None:
        return self.seen[number][1].header(name)

    def run(self, until: float | None = None) -> None:
        while self.kernel.run_step(until):
            pass
        if until is not None and until > self.now:
            self.kernel.clock.move_to(until)

    def ask(
        self, method: str, path: str, body: object = None, *, headers: Any = BEARER
    ) -> tuple[int, Any]:
        """Status and JSON of a call to `/v2/<path>`."""
        content = b"" if body is None else json.dumps(body).encode()
        reply = self.tasks.handle(Request(method, f"{ORIGIN}/v2/{path}", headers, content))
        return reply.status, json.loads(reply.body)

    def create(self, name: str = "", *, queue: str = QUEUE, **task: Any) -> tuple[int, Any]:
        """Create a task for the worker."""
        task.setdefault("httpRequest", http())
        if name:
            task["name"] = f"{queue}/tasks/{name}"
        return self.ask("POST", f"{queue}/tasks", {"task": task})

    def made(self, name: str = "", **task: Any) -> Any:
        """A task that was accepted."""
        status, shown = self.create(name, **task)
        assert status == 200, shown
        return shown

    def refused(self, name: str = "", **task: Any) -> tuple[int, str, str]:
        """Status, code and text of a refusal."""
        status, shown = self.create(name, **task)
        return status, shown["error"]["status"], shown["error"]["message"]

    def tune(self, **queue: Mapping[str, object]) -> Any:
        """Change the settings of the queue."""
        status, shown = self.ask("PATCH", QUEUE, queue)
        assert status == 200, shown
        return shown


def http(body: bytes = b"", **fields: Any) -> dict[str, Any]:
    """The request of a task."""
    return {
        "url": URL,
        **({"body": base64.b64encode(body).decode()} if body else {}),
        **fields,
    }


def at(bench: Bench, seconds: float) -> str:
    """A moment of the world, so many seconds from its beginning, as requests write it."""
    return shown_time(bench.kernel.clock.epoch + seconds)
