"""What Google's own client for Python makes of the fake Cloud Tasks, case by case; run as a
program, which prints one line of JSON. `node_cloudtasks/cases.mjs` plays the same cases.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import google.auth.transport.requests
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import tasks_v2
from google.oauth2 import id_token

QUEUE = os.environ["QUEUE"]
LOCATION = QUEUE.rpartition("/queues/")[0]
URL = "https://worker.example.com/work"
NOW = int(os.environ["NOW"])
FULL = tasks_v2.Task.View.FULL


def name(task: str) -> str:
    return f"{QUEUE}/tasks/{task}"


def wanted(task: str = "", **fields: Any) -> tasks_v2.Task:
    http = tasks_v2.HttpRequest(url=URL, body=b"hello")
    return tasks_v2.Task(name=name(task) if task else "", http_request=http, **fields)


def after(seconds: int) -> dict[str, int]:
    return {"seconds": NOW + seconds}


def refusal(act: Callable[[], object]) -> list[object]:
    """The code and the words of an error; empty when there was none."""
    try:
        act()
    except GoogleAPICallError as error:
        code = error.grpc_status_code
        return [None if code is None else code.value[0], error.message]
    return []


def create(client: Any, task: tasks_v2.Task, parent: str = QUEUE) -> Any:
    return client.create_task(parent=parent, task=task)


def play(client: Any) -> dict[str, Any]:
    told: dict[str, Any] = {}
    made = create(client, wanted("one", schedule_time=after(600)))
    told["made"] = [made.name, made.http_request.url, made.http_request.http_method.name]
    told["made body"] = len(made.http_request.body)
    told["scheduled"] = int(made.schedule_time.timestamp()) - NOW
    told["deadline"] = int(made.dispatch_deadline.total_seconds())
    told["again"] = refusal(lambda: create(client, wanted("one")))
    unnamed = create(client, wanted(schedule_time=after(600)))
    told["unnamed"] = unnamed.name.startswith(f"{QUEUE}/tasks/")
    told["no queue"] = refusal(lambda: create(client, wanted(), QUEUE + "2"))
    told["too far"] = refusal(lambda: create(client, wanted(schedule_time=after(31 * 86_400))))
    told["full"] = client.get_task(
        request={"name": name("one"), "response_view": FULL}
    ).http_request.body.decode()
    told["listed"] = len(list(client.list_tasks(request={"parent": QUEUE, "page_size": 1})))
    client.delete_task(name=unnamed.name)
    told["deleted"] = refusal(lambda: client.get_task(name=unnamed.name))
    client.delete_task(name=name("one"))
    told["too recently"] = refusal(lambda: create(client, wanted("one")))[:1]
    told["paused"] = client.pause_queue(name=QUEUE).state.name
    create(client, wanted("two"))
    told["waits"] = client.get_task(name=name("two")).dispatch_count
    client.run_task(name=name("two"))
    told["runs"] = client.get_task(name=name("two")).dispatch_count
    told["resumed"] = client.resume_queue(name=QUEUE).state.name
    told["queue"] = client.get_queue(name=QUEUE).rate_limits.max_concurrent_dispatches
    changed = client.update_queue(
        queue=tasks_v2.Queue(name=QUEUE, rate_limits={"max_dispatches_per_second": 7}),
        update_mask={"paths": ["rate_limits"]},
    )
    told["updated"] = changed.rate_limits.max_dispatches_per_second
    other = f"{LOCATION}/queues/other"
    client.create_queue(parent=LOCATION, queue=tasks_v2.Queue(name=other))
    told["queues"] = sorted(queue.name for queue in client.list_queues(parent=LOCATION))
    requests = [
        {"parent": other, "task": {"name": f"{other}/tasks/{task}", "http_request": {"url": URL}}}
        for task in ("a", "b")
    ]
    operation = client.batch_create_tasks(request={"parent": other, "requests": requests})
    told["batch"] = [task.name for task in operation.result().tasks]
    told["purged"] = client.purge_queue(name=other).purge_time.timestamp() >= NOW
    client.delete_queue(name=other)
    told["no more"] = refusal(lambda: client.get_queue(name=other))
    claims = id_token.verify_oauth2_token(  # type: ignore[no-untyped-call]
        os.environ["TOKEN"], google.auth.transport.requests.Request(), URL
    )
    told["token"] = [claims["iss"], claims["aud"], claims["email"]]
    return told


if __name__ == "__main__":
    with tasks_v2.CloudTasksClient() as own:
        print(json.dumps(play(own)))
    sys.stdout.flush()
