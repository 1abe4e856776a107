"""The speed of the fake Cloud Tasks: tasks that are created and dispatched, over both surfaces, and
what one costs among many that wait.

`python -m loadtests.cloudtasks 20000` takes so many tasks for each line. Figures are per CPU
second, in process, in turns of 500 of which the best counts: two cores shared with other work,
Python 3.11, 2026-11-22.

Created and dispatched over REST 12,170/s (all turns 10,187/s), with an identity token for each
10,381/s (8,564/s), over gRPC 5,482/s (4,803/s). A task among 100,000 that wait costs 1.04 times one
among 1,000.
"""

import argparse
import base64
import json
import sys
from collections.abc import Callable
from time import process_time

from emulator.clock import DAY_S
from emulator.cloudtasks import ORIGIN, QUEUE, CloudTasks
from emulator.cloudtasks.given import shown_time
from emulator.delivery import Delivery
from emulator.exchange import Outcome, Reply, Request
from emulator.kernel import Kernel

BOT = "https://bot.example"
BODY = b'{"mid":"m_0123456789","psid":"24601","text":"a text of an ordinary length, it says hello"}'
BEARER = ("Authorization", "Bearer any")
TURN = 500
OK = Reply(200)
ACCOUNT = "caller@demo-thrice.iam.gserviceaccount.com"


class Bench:
    """A world with a worker that answers at once."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.kernel.record_choices = False
        self.tasks = CloudTasks(self.kernel)
        self.kernel.origins[BOT] = self
        self.seen = 0
        self.made = 0

    def accept(
        self, delivery: Delivery, request: Request, entry: int, done: Callable[[Outcome], None]
    ) -> None:
        self.seen += 1
        done(OK)

    def create(self, request: Request) -> None:
        reply = self.tasks.handle(request)
        if not reply.ok or reply.header("grpc-status") not in (None, "0"):
            raise SystemExit(f"refused: {reply}")
        self.made += 1

    def run(self) -> None:
        while self.kernel.run_step():
            pass


def over_rest(number: int, *, token: bool = False, at: float | None = None) -> Request:
    """A task with a name of its own."""
    http: dict[str, object] = {
        "url": f"{BOT}/api",
        "headers": {"Content-Type": "application/json"},
        "body": base64.b64encode(BODY).decode(),
    }
    if token:
        http["oidcToken"] = {"serviceAccountEmail": ACCOUNT}
    task: dict[str, object] = {"name": f"{QUEUE}/tasks/n{number}", "httpRequest": http}
    if at is not None:
        task["scheduleTime"] = shown_time(at)
    content = json.dumps({"task": task}).encode()
    return Request("POST", f"{ORIGIN}/v2/{QUEUE}/tasks", (BEARER,), content)


def over_grpc(number: int) -> Request:
    from google.cloud.tasks_v2 import types

    from emulator.grpc import framed

    call = types.HttpRequest(
        url=f"{BOT}/api", body=BODY, headers={"Content-Type": "application/json"}
    )
    task = types.Task(name=f"{QUEUE}/tasks/n{number}", http_request=call)
    asked = types.CreateTaskRequest(parent=QUEUE, task=task)
    content = framed([types.CreateTaskRequest.serialize(asked)])
    path = "/google.cloud.tasks.v2.CloudTasks/CreateTask"
    return Request("POST", ORIGIN + path, (BEARER, ("content-type", "application/grpc")), content)


def rate(bench: Bench, requests: list[Request], *, then: bool = True) -> tuple[float, float]:
    """Tasks per CPU second: the best turn, and all of them."""
    best, spent = 0.0, 0.0
    for first in range(0, len(requests), TURN):
        turn = requests[first : first + TURN]
        started = process_time()
        for request in turn:
            bench.create(request)
        if then:
            bench.run()
        took = process_time() - started
        spent += took
        best = max(best, len(turn) / took)
    return best, len(requests) / spent


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("count", type=int, nargs="?", default=10_000)
    count = options.parse_args().count
    lines: list[tuple[str, Callable[[int], Request]]] = [
        ("created and dispatched, over REST", over_rest),
        ("the same with an identity token", lambda number: over_rest(number, token=True)),
        ("created and dispatched, over gRPC", over_grpc),
    ]
    exact = True
    for title, make in lines:
        bench = Bench()
        best, every = rate(bench, [make(number) for number in range(count)])
        exact = exact and bench.seen == bench.made == count
        print(f"{title:36} {best:9,.0f}/s   all {every:9,.0f}/s", flush=True)
    bench = Bench()
    later = bench.kernel.clock.epoch + DAY_S
    waiting = [over_rest(number, at=later) for number in range(10 * count)]
    few, _ = rate(bench, waiting[:1_000], then=False)
    rate(bench, waiting[1_000:-1_000], then=False)
    many, _ = rate(bench, waiting[-1_000:], then=False)
    print(f"one among {10 * count:,} that wait costs {few / many:.2f} times one among 1,000")
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())
